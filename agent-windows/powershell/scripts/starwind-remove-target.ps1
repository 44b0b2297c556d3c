# Takes one target of StarWind away. Its devices stay. Initiators that are logged in are thrown out.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password,
    [Parameter(Mandatory = $true)][string] $Target
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    $server.RemoveTarget($Target, $true)
    @{ done = $true }
}
finally {
    $server.Disconnect()
}
