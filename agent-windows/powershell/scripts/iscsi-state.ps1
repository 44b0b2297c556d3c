# The iSCSI initiator of this host: its service, portals, sessions, their disks, and MPIO. Changes nothing.
# Numbers are as CIM has them: the words that the Storage module makes of them are for people.
#Requires -Version 5.1
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

function Get-SessionFacts {
    $known = @(Get-IscsiSession)
    foreach ($session in @(Get-CimInstance -Namespace 'root/wmi' -ClassName 'MSiSCSIInitiator_SessionClass')) {
        $more = @($known | Where-Object { $_.SessionIdentifier -eq $session.SessionId })
        if ($more.Count -ne 1) { continue }
        $disks = @($session.Devices | Where-Object { $_.DeviceType -eq 7 })
        @{
            id             = [string] $session.SessionId
            target         = [string] $session.TargetName
            connected      = [bool] $more[0].IsConnected
            authentication = [string] $more[0].AuthenticationType
            connections    = @($session.ConnectionInformation | ForEach-Object {
                    @{ address = [string] $_.TargetAddress; port = [int] $_.TargetPort }
                })
            luns           = @($disks | ForEach-Object { @{ lun = [int] $_.ScsiLun; disk = [long] $_.DeviceNumber } })
        }
    }
}

function Get-DiskFacts {
    foreach ($disk in @(Get-CimInstance -Namespace 'root/microsoft/windows/storage' -ClassName 'MSFT_Disk')) {
        $raw = $disk.CimInstanceProperties
        @{
            number         = [long] $raw['Number'].Value
            uniqueId       = [string] $raw['UniqueId'].Value
            uniqueIdFormat = [int] $raw['UniqueIdFormat'].Value
            serial         = [string] $raw['SerialNumber'].Value
            bytes          = [string] $raw['Size'].Value
            offline        = [bool] $raw['IsOffline'].Value
        }
    }
}

$service = Get-Service -Name 'MSiSCSI'
$runs = $service.Status.ToString() -eq 'Running'
$feature = Get-WindowsFeature -Name 'Multipath-IO'
$installed = $feature.InstallState.ToString()
$claimed = $false
$policies = @()
if ($installed -eq 'Installed') {
    $claimed = [bool] (Get-MSDSMAutomaticClaimSettings)['iSCSI']
    $policies = @(mpclaim.exe -s -d | ForEach-Object { [string] $_ })
}
$ports = @()
$portals = @()
$sessions = @()
if ($runs) {
    $ports = @(Get-InitiatorPort | ForEach-Object { [string] $_.NodeAddress })
    $portals = @(Get-IscsiTargetPortal | ForEach-Object {
            @{ address = [string] $_.TargetPortalAddress; port = [int] $_.TargetPortalPortNumber }
        })
    $sessions = @(Get-SessionFacts)
}
@{
    service    = $service.Status.ToString()
    initiators = $ports
    multipath  = @{ installed = $installed; claimed = $claimed; policies = $policies }
    portals    = $portals
    sessions   = $sessions
    disks      = @(Get-DiskFacts)
}
