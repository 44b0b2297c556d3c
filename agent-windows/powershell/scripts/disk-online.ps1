# Brings one disk online when it is the disk that is meant. It is not initialized, formatted or written to.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][long] $Number,
    [Parameter(Mandatory = $true)][string] $UniqueId,
    [Parameter(Mandatory = $true)][AllowEmptyString()][string] $Serial
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$disk = Get-Disk -Number $Number
if ([string] $disk.UniqueId -ne $UniqueId) { throw "disk $Number is now $($disk.UniqueId), and $UniqueId was meant" }
if ([string] $disk.SerialNumber -ne $Serial) { throw "disk $Number has another serial number than $Serial" }
if ($disk.IsBoot -or $disk.IsSystem) { throw "disk $Number is of the running system" }
if ($disk.IsOffline) { Set-Disk -Number $Number -IsOffline $false }
@{ offline = [bool] (Get-Disk -Number $Number).IsOffline }
