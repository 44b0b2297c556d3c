# Makes a device of StarWind in memory. The type's number is asked of StarWind's own module by its name.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password,
    [Parameter(Mandatory = $true)][int] $SizeMegabytes,
    [Parameter(Mandatory = $true)][ValidateSet(512, 4096)][int] $SectorBytes
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    $types = 'StarWindXLib.STARWIND_DEVICE_TYPE' -as [type]
    if ($null -eq $types) { throw 'this StarWindX module does not tell the types of devices: use a volume of the kind file' }
    $type = [System.Enum]::Parse($types, 'STARWIND_RAM_DEVICE')
    $parameters = New-Object -ComObject 'StarWindX.Parameters'
    $parameters.AppendParam('size', [string] $SizeMegabytes)
    $parameters.AppendParam('useawe', 'no')
    $parameters.AppendParam('sectorsize', [string] $SectorBytes)
    $parameters.AppendParam('format', 'NONE')
    $device = $server.CreateDevice('', '', $type, $parameters)
    @{ name = [string] $device.Name }
}
finally {
    $server.Disconnect()
}
