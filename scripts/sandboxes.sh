# A local Cratejoy and a local Shopify for the script that sources this: it starts them, says to all programs where they
# are, and stops them when the script ends.
export MELTANO_SEND_ANONYMOUS_USAGE_STATS=false MELTANO_CLI_DISABLE_VERSION_CHECK=1
customers=${DEMO_CUSTOMERS:-2000}
running=
folder=$(mktemp -d)
trap 'kill $running 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

real_store() {  # whether this folder is set up for a store of somebody's
    grep -qsE '^(TAP_CRATEJOY_CLIENT_ID|TARGET_SHOPIFY_SHOP)=.' .env
}

serve() {  # name, options: start a sandbox and set $port
    name=$1; shift
    .venv/bin/sandbox "$name" "$@" --port 0 --exit-with-parent >"$folder/$name" &
    sandbox=$!
    running="$running $sandbox"
    while ! port=$(sed -n 's/^{"port": \([0-9]*\)}$/\1/p' "$folder/$name") || [ -z "$port" ]; do
        kill -0 $sandbox 2>/dev/null || { echo "The $name sandbox did not start." >&2; exit 1; }
        sleep 0.2
    done
}

serve_both() {
    serve cratejoy --customers "$customers" --today 2026-06-30  # a fixed day: the same store every time
    export TAP_CRATEJOY_API_URL="http://127.0.0.1:$port/v1" TAP_CRATEJOY_CLIENT_ID=sandbox
    export TAP_CRATEJOY_CLIENT_SECRET=sandbox-secret TAP_CRATEJOY_REQUESTS_PER_SECOND=0 TAP_CRATEJOY_PAGE_SIZE=500
    # An hour of the shop's time passes in a minute, so that nobody waits for its cost limits.
    serve shopify --shop demo-shop --data .sandbox/demo-shop.sqlite --time-scale 60
    export TARGET_SHOPIFY_API_URL="http://127.0.0.1:$port" TARGET_SHOPIFY_SHOP=demo-shop
    export TARGET_SHOPIFY_ACCESS_TOKEN=shpat_sandbox
}
