#!/bin/sh
# Builds the image, starts compose.yaml under a name of its own, sends one request as a client would,
# kills the server, starts it again and looks whether the request counts once. Leaves nothing behind.
# Needs docker or podman with compose, curl and openssl:  sh deploy/smoke.sh
set -eu
cd "$(dirname "$0")"
engine=${ENGINE:-$(command -v docker || command -v podman)} || { echo "Neither docker nor podman is here."; exit 1; }
folder=$(mktemp -d)
export STEELYARD_SECRETS="$folder"
token="sty_$(openssl rand -hex 32)"
printf '%s\n' "$token" >"$folder/ingest-token"
chmod 0755 "$folder" && chmod 0644 "$folder/ingest-token"
compose() { "$engine" compose --project-name steelyard-smoke -f compose.yaml "$@"; }
finish() { compose down --volumes --timeout 10 >/dev/null 2>&1 || true; rm -rf "$folder"; }
web=${SMOKE_WEB:-http://127.0.0.1:8480} otlp=${SMOKE_OTLP:-http://127.0.0.1:4318}
now=$(date +%s) today=$(date -u +%F)
trap finish EXIT INT TERM

wait_ready() {
    n=0
    until curl -fsS "$web/readyz" >/dev/null 2>&1; do
        n=$((n + 1))
        [ "$n" -lt 120 ] || { compose logs; echo "It does not get ready."; exit 1; }
        sleep 1
    done
}

post() {  # the status of a request with one event, with the token given
    curl -sS -o /dev/null -w '%{http_code}' "$otlp/v1/logs" \
        -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d '{"resourceLogs":[{
          "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"claude-code"}}]},
          "scopeLogs":[{"scope":{"name":"com.anthropic.claude_code.events"},"logRecords":[{
            "timeUnixNano":"'"$now"'000000000",
            "body":{"stringValue":"claude_code.api_request"},
            "attributes":[
              {"key":"event.name","value":{"stringValue":"api_request"}},
              {"key":"session.id","value":{"stringValue":"smoke"}},
              {"key":"user.email","value":{"stringValue":"smoke@example.com"}},
              {"key":"model","value":{"stringValue":"claude-sonnet-5"}},
              {"key":"input_tokens","value":{"intValue":"1000"}},
              {"key":"output_tokens","value":{"intValue":"234"}}]}]}]}]}'
}

tokens() {  # of today
    compose exec -T steelyard steelyard ask tokens --from "$today" --to "$today" --format json |
        tr -d ' \n' | sed -n 's/.*"tokens":\([0-9]*\).*/\1/p'
}

expect() { [ "$2" = "$3" ] || { compose logs steelyard; echo "$1: $2, not $3."; exit 1; }; echo "$1: $2"; }

compose up --detach --build
wait_ready
expect "without a token" "$(post sty_wrong)" 401
expect "with the token" "$(post "$token")" 200
compose kill steelyard
compose up --detach
wait_ready
n=0
until [ "$(tokens)" = 1234 ] || [ "$n" -ge 30 ]; do n=$((n + 1)) && sleep 1; done
expect "tokens after a kill" "$(tokens)" 1234
compose exec -T steelyard steelyard backup /backup/smoke.tar
expect "runs as" "$(compose exec -T steelyard id -u)" 10001
echo "All is well."
