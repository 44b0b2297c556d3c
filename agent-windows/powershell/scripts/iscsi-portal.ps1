# Makes a portal of targets known to this host, which then asks it for its targets; or forgets it.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][ValidateSet('Add', 'Remove')][string] $Action,
    [Parameter(Mandatory = $true)][string] $Address,
    [Parameter(Mandatory = $true)][int] $Port
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

if ($Action -eq 'Add') {
    New-IscsiTargetPortal -TargetPortalAddress $Address -TargetPortalPortNumber $Port | Out-Null
}
else {
    Remove-IscsiTargetPortal -TargetPortalAddress $Address -TargetPortalPortNumber $Port -Confirm:$false
}
@{ done = $true }
