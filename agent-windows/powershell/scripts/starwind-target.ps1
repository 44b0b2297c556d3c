# Makes a target of StarWind with these devices, which get LUN 0, 1 and so on.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password,
    [Parameter(Mandatory = $true)][string] $Target,
    [Parameter(Mandatory = $true)][string] $Alias,
    [Parameter(Mandatory = $true)][string] $Devices
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    $parameters = New-Object -ComObject 'StarWindX.Parameters'
    $parameters.AppendParam('devices', $Devices)
    $parameters.AppendParam('clustered', 'Yes')
    $made = $server.CreateTarget($Alias, $Target, $parameters)
    @{ name = [string] $made.Name }
}
finally {
    $server.Disconnect()
}
