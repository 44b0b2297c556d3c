# Installs MPIO and has it claim the disks of iSCSI. Both need a restart of Windows, which this does not do.
#Requires -Version 5.1
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$feature = Get-WindowsFeature -Name 'Multipath-IO'
if ($feature.InstallState.ToString() -ne 'Installed') {
    Install-WindowsFeature -Name 'Multipath-IO' | Out-Null
}
Enable-MSDSMAutomaticClaim -BusType 'iSCSI' | Out-Null
@{ done = $true }
