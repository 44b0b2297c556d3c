# Runs one reviewed script of this folder for the agent: its arguments are one JSON object on standard input, and its result is one
# JSON object on standard output, in UTF-8. Nothing of what comes in is ever run as a command.
#Requires -Version 5.1
param([Parameter(Mandatory = $true)][ValidateSet('disk-online', 'file-access', 'host-facts', 'host-notes', 'iscsi-connect', 'iscsi-disconnect', 'iscsi-portal', 'iscsi-rescan', 'iscsi-state', 'mpio-enable', 'mpio-policy', 'process-ids', 'service-set', 'service-state', 'starwind-image', 'starwind-iser', 'starwind-ram', 'starwind-remove-device', 'starwind-remove-target', 'starwind-state', 'starwind-target')][string] $Script)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2
[Console]::InputEncoding = New-Object System.Text.UTF8Encoding $false
[Console]::OutputEncoding = New-Object System.Text.UTF8Encoding $false
[System.Threading.Thread]::CurrentThread.CurrentCulture = [System.Globalization.CultureInfo]::InvariantCulture
[System.Threading.Thread]::CurrentThread.CurrentUICulture = [System.Globalization.CultureInfo]::InvariantCulture

function Read-Arguments {
    $arguments = @{}
    $given = [Console]::In.ReadToEnd() | ConvertFrom-Json
    foreach ($property in $given.PSObject.Properties) { $arguments[$property.Name] = $property.Value }
    return $arguments
}

function Write-Answer($Answer) {
    [Console]::Out.Write((ConvertTo-Json -InputObject $Answer -Depth 8 -Compress))
}

try {
    $arguments = Read-Arguments
    $path = Join-Path $PSScriptRoot ($Script + '.ps1')
    $result = & $path @arguments
    Write-Answer @{ result = $result }
}
catch {
    $place = $_.InvocationInfo
    Write-Answer @{
        error = @{
            message  = $_.Exception.Message
            category = $_.CategoryInfo.Category.ToString()
            script   = [System.IO.Path]::GetFileName([string] $place.ScriptName)
            line     = $place.ScriptLineNumber
        }
    }
    exit 1
}
