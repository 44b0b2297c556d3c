# On which of this host's addresses StarWind takes iSER, separated by commas.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][string] $User,
    [Parameter(Mandatory = $true)][string] $Password,
    [Parameter(Mandatory = $true)][AllowEmptyString()][string] $Addresses
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Import-Module -Name 'StarWindX'
$server = New-SWServer -host '127.0.0.1' -port 3261 -user $User -password $Password
$server.Connect()
if (-not $server.Connected) { throw 'StarWind does not let this user in' }
try {
    $server.SetServerParameter('iSerListen', $Addresses)
    @{ iser = [string] $server.GetServerParameter('iSerListen') }
}
finally {
    $server.Disconnect()
}
