# The ids of the processes of a program. Changes nothing.
#Requires -Version 5.1
param([Parameter(Mandatory = $true)][string] $Name)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

@{ ids = @(Get-Process -Name $Name -ErrorAction SilentlyContinue | ForEach-Object { [int] $_.Id }) }
