# Makes a thick file and a device of StarWind on it. A node below 0: wherever StarWind puts it.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password,
    [Parameter(Mandatory = $true)][string] $Folder,
    [Parameter(Mandatory = $true)][string] $Name,
    [Parameter(Mandatory = $true)][int] $SizeMegabytes,
    [Parameter(Mandatory = $true)][ValidateSet(512, 4096)][int] $SectorBytes,
    [Parameter(Mandatory = $true)][int] $Node
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    New-ImageFile -server $server -path $Folder -fileName $Name -Size $SizeMegabytes | Out-Null
    $where = @{}
    if ($Node -ge 0) { $where['NumaNode'] = $Node }
    $device = Add-ImageDevice -server $server -path $Folder -fileName $Name -sectorSize $SectorBytes @where
    @{ name = [string] $device.Name }
}
finally {
    $server.Disconnect()
}
