# Logs in to a target by one more session, which a restart of the host forgets. An empty user: without CHAP.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $Target,
    [Parameter(Mandatory = $true)][string] $Address,
    [Parameter(Mandatory = $true)][int] $Port,
    [Parameter(Mandatory = $true)][bool] $Multipath,
    [string] $ChapUser = '',
    [string] $ChapSecret = ''
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$login = @{
    NodeAddress            = $Target
    TargetPortalAddress    = $Address
    TargetPortalPortNumber = $Port
    IsMultipathEnabled     = $Multipath
    IsPersistent           = $false
}
if ($ChapUser -ne '') {
    $login['AuthenticationType'] = 'ONEWAYCHAP'
    $login['ChapUsername'] = $ChapUser
    $login['ChapSecret'] = $ChapSecret
}
$session = Connect-IscsiTarget @login
@{ session = [string] $session.SessionIdentifier }
