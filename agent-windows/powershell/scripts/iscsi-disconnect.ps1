# Logs out of one session, and of no other.
#Requires -Version 5.1
param([Parameter(Mandatory = $true)][string] $Session)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

Disconnect-IscsiTarget -SessionIdentifier $Session -Confirm:$false
@{ done = $true }
