/**
 * The commands of Windows PowerShell 5.1 that our scripts use, with those of their parameters that they use, as Microsoft's
 * reference has them for Windows Server 2016 (learn.microsoft.com/powershell/module). For tests.
 */
export const cmdlets: Readonly<Record<string, readonly string[]>> = {
  // Microsoft.PowerShell.Core, .Management, .Utility
  "Copy-Item": ["LiteralPath", "Destination"],
  "Expand-Archive": ["LiteralPath", "DestinationPath"],
  "ForEach-Object": [],
  "Get-ChildItem": ["LiteralPath", "Force"],
  "Get-Content": ["LiteralPath", "Tail"],
  "Get-Date": [],
  "Get-FileHash": ["Algorithm", "LiteralPath"],
  "Get-Process": ["Name", "ErrorAction"],
  "Invoke-WebRequest": ["UseBasicParsing", "Uri", "OutFile"],
  "Join-Path": [],
  "Move-Item": ["LiteralPath", "Destination"],
  "New-Item": ["ItemType", "Path"],
  "New-Object": [],
  "New-TimeSpan": ["Minutes", "Seconds"],
  "Out-Null": [],
  "Remove-Item": ["LiteralPath", "Recurse", "Force"],
  "Select-Object": ["First"],
  "Set-StrictMode": ["Version"],
  "Start-Sleep": ["Milliseconds"],
  "Stop-Process": ["InputObject", "Force", "ErrorAction"],
  "Test-Path": ["LiteralPath", "PathType"],
  "Where-Object": [],
  "Write-Output": [],
  // ScheduledTasks
  "Disable-ScheduledTask": [],
  "Get-ScheduledTask": ["ErrorAction"],
  "New-ScheduledTaskAction": ["Execute", "Argument", "WorkingDirectory"],
  "New-ScheduledTaskPrincipal": ["UserId", "LogonType", "RunLevel"],
  "New-ScheduledTaskSettingsSet": [
    "AllowStartIfOnBatteries",
    "DontStopIfGoingOnBatteries",
    "ExecutionTimeLimit",
    "MultipleInstances",
    "Priority",
    "RestartCount",
    "RestartInterval",
  ],
  "New-ScheduledTaskTrigger": ["AtStartup", "Once", "At", "RepetitionInterval"],
  "Register-ScheduledTask": ["Action", "Trigger", "Principal", "Settings", "Force"],
  "Start-ScheduledTask": [],
  "Stop-ScheduledTask": [],
  "Unregister-ScheduledTask": ["Confirm"],
  // NetTCPIP, NetSecurity
  "Get-NetFirewallRule": ["Name", "ErrorAction"],
  "Get-NetTCPConnection": ["State", "OwningProcess", "ErrorAction"],
  "New-NetFirewallRule": ["Name", "DisplayName", "Direction", "Action", "Protocol", "LocalPort", "Program"],
  "Remove-NetFirewallRule": [],
};
