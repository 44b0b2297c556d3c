# What this host says of its own hardware. Changes nothing.
#Requires -Version 5.1
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$system = Get-CimInstance -ClassName Win32_ComputerSystem
@{
    manufacturer      = [string] $system.Manufacturer
    model             = [string] $system.Model
    hypervisorPresent = [bool] $system.HypervisorPresent
}
