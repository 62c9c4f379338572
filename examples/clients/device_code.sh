#!/usr/bin/env bash
# Get a device code with curl and jq: waits when the server throttles, renews the token when it has expired.
#
#     VEEAM_URL=https://localhost:4443 VEEAM_CA_CERT=~/.config/veeam-mock/ca.pem ./device_code.sh
set -euo pipefail

username=${VEEAM_USERNAME:-administrator} password=${VEEAM_PASSWORD:-veeam}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
tokens='{}'

# curl itself waits for Retry-After seconds and sends again when it gets 429 (or 503).
send() { # path, curl options... -> the status; the body is in $answer
    local path=$1
    shift
    curl --silent --show-error --max-time 30 --retry 5 ${VEEAM_CA_CERT:+--cacert "$VEEAM_CA_CERT"} \
        --output "$answer" --write-out '%{http_code}' "$@" "$VEEAM_URL$path"
}

token_by() { # form fields...
    local form=()
    for field in "$@"; do form+=(--data-urlencode "$field"); done
    [[ $(send /v4/Token "${form[@]}") == 200 ]] && tokens=$(<"$answer")
}

log_in() {
    token_by grant_type=password "username=$username" "password=$password" || { echo "the login was refused" >&2; exit 1; }
}

renew() {
    token_by grant_type=refresh_token "refresh_token=$(jq -r .refresh_token <<<"$tokens")" || log_in
}

call() { # path, curl options... -> the body is in $answer
    local path=$1 status
    shift
    for _ in 1 2 3 4 5; do
        status=$(send "$path" -H "Authorization: Bearer $(jq -r .access_token <<<"$tokens")" "$@")
        [[ $status != 401 ]] && break
        renew
    done
    [[ $status == 2?? ]] || { echo "$path: $status $(<"$answer")" >&2; exit 1; }
}

log_in
call /v4/Organizations
organizations=$(jq '[.[].name]' "$answer")
call /v4/DeviceCode --json '{"targetRegion": "worldwide"}'
jq --argjson organizations "$organizations" '{organizations: $organizations} + .' "$answer"
