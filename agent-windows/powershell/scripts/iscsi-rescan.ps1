# Looks for disks that have come since.
#Requires -Version 5.1
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Update-HostStorageCache
@{ done = $true }
