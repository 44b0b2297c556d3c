<#
.SYNOPSIS
Installs the Salvo agent on this host, puts this version in the place of an older one, or removes it.

.DESCRIPTION
Run it as administrator from the folder that the zip was unpacked to. It can be run again at any time: certificate and
agent.yaml are kept, and no new token is needed while there is a certificate.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1 -Controller salvo.example:7440 -TokenFile token.txt -Id san1

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1 -Remove
#>
#Requires -Version 5.1
#Requires -PSEdition Desktop
[CmdletBinding(DefaultParameterSetName = 'Install')]
param(
    # host:port of `salvo enrol`. Needed with -TokenFile.
    [Parameter(ParameterSetName = 'Install')]
    [ValidatePattern('^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$')]
    [string] $Controller,

    # What `salvo token create` has printed, in a file; it is removed when it was used.
    [Parameter(ParameterSetName = 'Install')]
    [string] $TokenFile,

    # The id of the agent, as the token names it. For agent.yaml, when there is none yet.
    [Parameter(ParameterSetName = 'Install')]
    [ValidatePattern('^[a-z0-9][a-z0-9-]{0,62}$', Options = 'None')]
    [string] $Id,

    # Where it listens. For agent.yaml, when there is none yet.
    [Parameter(ParameterSetName = 'Install')]
    [ValidatePattern('^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$')]
    [string] $Listen = '0.0.0.0:7400',

    # Stops the agent and takes away what was installed, certificate and agent.yaml too.
    [Parameter(ParameterSetName = 'Remove', Mandatory = $true)]
    [switch] $Remove
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$Task = @{ TaskName = 'Salvo agent'; TaskPath = '\Salvo\' }
$FirewallRule = 'salvo-agent'
$ProgramFolder = Join-Path ([Environment]::GetFolderPath('ProgramFiles')) 'Salvo'
$DataFolder = Join-Path ([Environment]::GetFolderPath('CommonApplicationData')) 'Salvo'
$Agent = Join-Path $ProgramFolder 'agent'
$Node = Join-Path $Agent 'node.exe'
$Program = Join-Path $Agent 'salvo-agent-windows.mjs'
$Config = Join-Path $DataFolder 'agent.yaml'
$Identity = Join-Path $DataFolder 'identity'
$Log = Join-Path $DataFolder 'agent.log'

function Install-Agent {
    Confirm-Parameters
    Protect-Folder $ProgramFolder
    Protect-Folder $DataFolder
    $fresh = Copy-Agent
    if ($TokenFile) {
        $join = @('join', '--controller', $Controller, '--token-file', $TokenFile, '--dir', $Identity)
        Invoke-Node $fresh $join
    }
    if (-not (Test-Path -LiteralPath $Config)) { Write-Config }
    Stop-Agent
    Move-Agent $fresh
    Register-Agent
    Start-ScheduledTask @Task
    $port = Wait-Agent
    Open-Firewall $port
    Write-Output "The Salvo agent listens on port $port. Its file: $Config"
}

function Uninstall-Agent {
    Stop-Agent
    if (Get-Agent) { Unregister-ScheduledTask @Task -Confirm:$false }
    Close-Firewall
    if (Test-Path -LiteralPath $ProgramFolder) { Remove-Item -LiteralPath $ProgramFolder -Recurse -Force }
    foreach ($name in 'identity', 'data', 'agent.yaml', 'agent.log', 'agent.log.old') {
        $path = Join-Path $DataFolder $name
        if (Test-Path -LiteralPath $path) { Remove-Item -LiteralPath $path -Recurse -Force }
    }
    if (-not (Test-Path -LiteralPath $DataFolder)) { return }
    if (Get-ChildItem -LiteralPath $DataFolder -Force) { Write-Output "Kept, as it is not of Salvo's making: what is in $DataFolder" }
    else { Remove-Item -LiteralPath $DataFolder }
}

function Confirm-Host {
    $user = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'This needs an administrator: open PowerShell with "Run as administrator", and try again.'
    }
    if (-not [Environment]::Is64BitOperatingSystem) { throw 'The agent runs on 64-bit Windows only.' }
    if (-not [Environment]::Is64BitProcess) { throw 'This is a 32-bit PowerShell: use the 64-bit one.' }
}

function Confirm-Parameters {
    if ($TokenFile) {
        if (-not $Controller) { throw '-TokenFile needs -Controller, the host:port of salvo enrol.' }
        if (-not (Test-Path -LiteralPath $TokenFile -PathType Leaf)) { throw "There is no file $TokenFile." }
    }
    elseif (-not (Test-Path -LiteralPath (Join-Path $Identity 'identity.pem'))) {
        throw 'This host has not joined a lab: give -Controller and -TokenFile (salvo token create makes a token).'
    }
    if (-not $Id -and -not (Test-Path -LiteralPath $Config)) { throw "There is no ${Config}: give -Id." }
}

# For SYSTEM and Administrators alone, inheriting nothing. The whole list is set in one step: adding to it and taking away
# from it (icacls) would leave what somebody else has put there, and a moment in between. Any user can make folders in
# ProgramData: one that is there already, and is another's, is not used.
function Protect-Folder([string] $Path) {
    $access = New-Object Security.AccessControl.DirectorySecurity
    $access.SetSecurityDescriptorSddlForm('O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')
    if (-not (Test-Path -LiteralPath $Path)) {
        [void] [IO.Directory]::CreateDirectory($Path, $access)
        return
    }
    $owner = [IO.Directory]::GetAccessControl($Path).GetOwner([Security.Principal.SecurityIdentifier]).Value
    if ($owner -ne 'S-1-5-32-544' -and $owner -ne 'S-1-5-18') {
        throw "$Path belongs to $owner and not to Administrators: look at what it is, remove it, and try again."
    }
    [IO.Directory]::SetAccessControl($Path, $access)
}

# Beside the agent that runs, and tried out, before that one is touched.
function Copy-Agent {
    $fresh = "$Agent.new"
    if (Test-Path -LiteralPath $fresh) { Remove-Item -LiteralPath $fresh -Recurse -Force }
    [void] (New-Item -ItemType Directory -Path $fresh)
    foreach ($name in 'node.exe', 'koffi.node', 'salvo-agent-windows.mjs', 'install.ps1', 'README.txt', 'VERSION.txt',
        'LICENSES.txt', 'LICENSE-node.txt', 'powershell') {
        Copy-Item -LiteralPath (Join-Path $PSScriptRoot $name) -Destination $fresh -Recurse
    }
    Invoke-Node $fresh @('--version') | Out-Null
    return $fresh
}

function Move-Agent([string] $Fresh) {
    if (Test-Path -LiteralPath $Agent) { Remove-Item -LiteralPath $Agent -Recurse -Force }
    Move-Item -LiteralPath $Fresh -Destination $Agent
}

function Invoke-Node([string] $Folder, [string[]] $Arguments) {
    $ErrorActionPreference = 'Continue' # what a program says on its standard error is not yet an error
    & (Join-Path $Folder 'node.exe') (Join-Path $Folder 'salvo-agent-windows.mjs') @Arguments
    if ($LASTEXITCODE -ne 0) { throw "salvo-agent-windows $($Arguments[0]) ended with exit code $LASTEXITCODE (see above)." }
}

# Id and Listen have been checked by their patterns; nothing in them needs quoting in YAML.
function Write-Config {
    $lines = "id: $Id", "listen: '$Listen'", 'dataDir: data', 'identityDir: identity', ''
    [IO.File]::WriteAllText($Config, ($lines -join "`r`n"))
}

function Get-Agent {
    Get-ScheduledTask @Task -ErrorAction SilentlyContinue
}

# The processes of the installed agent, and of no other node.exe.
function Get-AgentProcess {
    Get-Process -Name 'node' -ErrorAction SilentlyContinue | Where-Object { $_.Path -eq $Node }
}

function Stop-Agent {
    if (Get-Agent) {
        [void] (Disable-ScheduledTask @Task)
        Stop-ScheduledTask @Task
    }
    # Its journals are whole whenever it is ended.
    Get-AgentProcess | ForEach-Object {
        Stop-Process -InputObject $_ -Force -ErrorAction SilentlyContinue
        if (-not $_.WaitForExit(10000)) { throw "The agent, process $($_.Id), does not end." }
    }
}

function Register-Agent {
    $arguments = '"{0}" --config "{1}" --log "{2}"' -f $Program, $Config, $Log
    $action = New-ScheduledTaskAction -Execute $Node -Argument $arguments -WorkingDirectory $DataFolder
    # Task Scheduler restarts what it could not start, and not for certain what has ended with an error. So it starts the
    # agent every minute, and does nothing when it runs.
    $triggers = @(
        (New-ScheduledTaskTrigger -AtStartup),
        (New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 1))
    )
    $principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
    # Without a limit of time, on batteries too, and at the priority of ordinary programs: that of tasks, 7, is below it.
    $settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit (New-TimeSpan -Seconds 0) -MultipleInstances IgnoreNew `
        -RestartCount 255 -RestartInterval (New-TimeSpan -Minutes 1) -Priority 4 `
        -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    [void] (Register-ScheduledTask @Task -Action $action -Trigger $triggers -Principal $principal -Settings $settings -Force)
}

# Gives the port, which is what the agent's file says.
function Wait-Agent {
    $deadline = (Get-Date).AddSeconds(60)
    while ((Get-Date) -lt $deadline) {
        foreach ($process in Get-AgentProcess) {
            $socket = Get-NetTCPConnection -State Listen -OwningProcess $process.Id -ErrorAction SilentlyContinue |
                Select-Object -First 1
            if ($socket) { return $socket.LocalPort }
        }
        Start-Sleep -Milliseconds 500
    }
    $said = if (Test-Path -LiteralPath $Log) { (Get-Content -LiteralPath $Log -Tail 5) -join "`n" } else { 'nothing' }
    throw "The agent does not listen after 60 seconds. What it said last, in ${Log}: $said"
}

function Open-Firewall([int] $Port) {
    Close-Firewall
    [void] (New-NetFirewallRule -Name $FirewallRule -DisplayName 'Salvo agent' -Direction Inbound -Action Allow `
            -Protocol TCP -LocalPort $Port -Program $Node)
}

function Close-Firewall {
    Get-NetFirewallRule -Name $FirewallRule -ErrorAction SilentlyContinue | Remove-NetFirewallRule
}

Confirm-Host
if ($Remove) { Uninstall-Agent } else { Install-Agent }
