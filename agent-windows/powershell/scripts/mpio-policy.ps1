# Sets by which paths MPIO sends the requests of one of its disks. The policy is a number of mpclaim.
#Requires -Version 5.1
param(
    [Parameter(Mandatory = $true)][int] $MultipathDisk,
    [Parameter(Mandatory = $true)][ValidateSet(2, 4, 6)][int] $Policy
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$said = @(mpclaim.exe -l -d $MultipathDisk $Policy | ForEach-Object { [string] $_ })
@{ exitCode = [int] $LASTEXITCODE; said = $said }
