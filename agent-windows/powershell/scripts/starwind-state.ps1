# Devices, targets and interfaces of StarWind on this host. Changes nothing. What a device does not tell is empty.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

function Get-Told($Thing, [string] $Name) {
    $property = $Thing.PSObject.Properties[$Name]
    if ($null -eq $property -or $null -eq $property.Value) { return '' }
    return [string] $property.Value
}

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    @{
        devices    = @($server.Devices | ForEach-Object {
                @{
                    name   = [string] $_.Name
                    id     = [string] $_.DeviceId
                    type   = [string] $_.DeviceType
                    file   = Get-Told $_ 'File'
                    bytes  = [string] $_.Size
                    sector = Get-Told $_ 'SectorSize'
                    target = [string] $_.TargetName
                    lun    = Get-Told $_ 'DeviceLUN'
                    eui    = Get-Told $_ 'EUI64'
                    serial = Get-Told $_ 'SerialID'
                }
            })
        targets    = @($server.Targets | ForEach-Object { @{ name = [string] $_.Name; alias = [string] $_.Alias } })
        interfaces = @($server.ActiveInterfaces | ForEach-Object {
                @{ address = [string] $_.IpAddress; port = [int] $_.Port }
            })
        iser       = [string] $server.GetServerParameter('iSerListen')
    }
}
finally {
    $server.Disconnect()
}
