# Takes one device of StarWind away, which no target has. Its file stays.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password,
    [Parameter(Mandatory = $true)][string] $Name
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    $found = @($server.Devices | Where-Object { $_.Name -eq $Name })
    if ($found.Count -ne 1) { throw "StarWind has $($found.Count) devices that are called $Name" }
    $server.RemoveDevice($found[0].DeviceId, $false)
    @{ done = $true }
}
finally {
    $server.Disconnect()
}
