# The nginx that bench/auth and bench/auth-callgrind measure.

gateway_port=$port
bare_port=$((port + 1))

algorithms="RS256 ES256 EdDSA HS256"

configure_all() {
    configure bare "$bare_port" "location / {
            $proxy
        }"
    configure gateway "$gateway_port" "location / {
            gw_jwt bench;
            gw_jwt_key_file jwks.json;
            gw_jwt_issuer https://idp.example/realms/shop;
            gw_jwt_audience orders;
            $proxy
        }"
}
