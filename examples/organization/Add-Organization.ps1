# Add an organization by a device code, as adding.py does: log in, get a code, wait until somebody signs in, spend it.
# PowerShell 7. On Windows, import the CA first (docs/windows.md); elsewhere give -SkipCertificateCheck.
param(
    [string] $Url = "https://localhost:4443/v8",
    [string] $UserName = "administrator",
    [string] $Password = "veeam",
    [string] $Application = "Backup",
    [switch] $SkipCertificateCheck
)
$ErrorActionPreference = "Stop"
$common = @{ Method = "Post"; SkipCertificateCheck = $SkipCertificateCheck; MaximumRetryCount = 5; RetryIntervalSec = 5 }

$login = @{ grant_type = "password"; username = $UserName; password = $Password }
$token = Invoke-RestMethod "$Url/Token" -Body $login @common
$common.Headers = @{ Authorization = "Bearer $($token.access_token)" }
$common.ContentType = "application/json"

$asked = @{ targetRegion = "Worldwide" } | ConvertTo-Json
$code = Invoke-RestMethod "$Url/DeviceCode" -Body $asked @common
Write-Host $code.message

$typed = @{ userCode = $code.userCode } | ConvertTo-Json
$end = (Get-Date).AddSeconds($code.expiresIn)
do {
    if ((Get-Date) -gt $end) { throw "Nobody signed in with the code $($code.userCode) in time." }
    Start-Sleep -Seconds 5
    $checked = Invoke-RestMethod "$Url/DeviceCode/check" -Body $typed @common
} until ($checked.authenticated)

$new = @{ userCode = $code.userCode; newApplicationName = $Application } | ConvertTo-Json
$added = Invoke-RestMethod "$Url/Organizations" -Body $new @common
Write-Host "Added $($added.name)"
