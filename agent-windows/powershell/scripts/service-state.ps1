# What a service of this host is doing. Changes nothing.
#Requires -Version 5.1
param([Parameter(Mandatory = $true)][string] $Name)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$service = Get-Service -Name $Name
@{ status = $service.Status.ToString() }
