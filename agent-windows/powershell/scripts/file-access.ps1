# Which accounts may do something with a file, by their SIDs, and which account this is. Changes nothing.
#Requires -Version 5.1
param([Parameter(Mandatory = $true)][string] $Path)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2

$rules = (Get-Acl -LiteralPath $Path).GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
@{
    self    = [string] [System.Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    allowed = @($rules | Where-Object { $_.AccessControlType.ToString() -eq 'Allow' } | ForEach-Object {
            [string] $_.IdentityReference.Value
        })
}
