# What of this host may disturb a measurement, and versions of its software. Changes nothing. What cannot be asked is null.
#Requires -Version 5.1
param()

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$plan = $null
try {
    $plans = @(Get-CimInstance -Namespace 'root/cimv2/power' -ClassName 'Win32_PowerPlan' | Where-Object { $_.IsActive })
    if ($plans.Count -eq 1) { $plan = [string] $plans[0].InstanceID }
}
catch { $plan = $null }

$defender = $null
try {
    $defender = @{
        scans    = [bool] (Get-MpComputerStatus).RealTimeProtectionEnabled
        excluded = @((Get-MpPreference).ExclusionPath | Where-Object { $_ } | ForEach-Object { [string] $_ })
    }
}
catch { $defender = $null }

$adapters = $null
try {
    $jumbo = @(Get-NetAdapterAdvancedProperty -RegistryKeyword '*JumboPacket')
    $adapters = @(Get-NetAdapterRdma | ForEach-Object {
            $name = [string] $_.Name
            $packet = @($jumbo | Where-Object { $_.Name -eq $name })
            @{
                name    = $name
                enabled = [bool] $_.Enabled
                jumbo   = if ($packet.Count -eq 1) { [string] $packet[0].RegistryValue } else { '' }
            }
        })
}
catch { $adapters = $null }

$folder = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall'
$products = @(Get-ChildItem -LiteralPath $folder | ForEach-Object {
        @{ name = [string] $_.GetValue('DisplayName'); version = [string] $_.GetValue('DisplayVersion') }
    } | Where-Object { $_.name -like '*StarWind*' -or $_.name -like '*Mellanox*' -or $_.name -like '*MLNX*' })

@{ powerPlan = $plan; defender = $defender; rdmaAdapters = $adapters; products = $products }
