# Starts or stops a service and waits until it has done so. It is not stopped when others that run need it.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $Name,
    [Parameter(Mandatory = $true)][ValidateSet('Running', 'Stopped')][string] $Status,
    [Parameter(Mandatory = $true)][int] $TimeoutSeconds
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

if ($Status -eq 'Running') { Start-Service -Name $Name } else { Stop-Service -Name $Name -NoWait }
$service = Get-Service -Name $Name
$service.WaitForStatus($Status, (New-TimeSpan -Seconds $TimeoutSeconds))
$service.Refresh()
@{ status = $service.Status.ToString() }
