/**
 * A key and a certificate of `localhost`, for tests alone: anyone can read them here, so they protect nothing. Made with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1`.
 */
export const TEST_TLS = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4MKABJpe7cWg7OE3
91JwW8Dw9HPh5Wui1+U+9WRekJqhRANCAARTAWIFmuyE/bX/zCcohOdhlE0eZuQ6
TUS2fYhIkwvw3nkSC2L3Czt5WtFjxS0LlHx3zJrSqfxuNPapkA4+K44H
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBrjCCAVSgAwIBAgIUKKJncegHOPCOed9udfRzrBDRs3YwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTIxMzQwMVoYDzIxMjYxMTAx
MjEzNDAxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARTAWIFmuyE/bX/zCcohOdhlE0eZuQ6TUS2fYhIkwvw3nkSC2L3Czt5
WtFjxS0LlHx3zJrSqfxuNPapkA4+K44Ho4GBMH8wHQYDVR0OBBYEFJ0ls7SwvZgC
KW5IPQ+1sL7+3Ot+MB8GA1UdIwQYMBaAFJ0ls7SwvZgCKW5IPQ+1sL7+3Ot+MA8G
A1UdEwEB/wQFMAMBAf8wLAYDVR0RBCUwI4IJbG9jYWxob3N0hwR/AAABhxAAAAAA
AAAAAAAAAAAAAAABMAoGCCqGSM49BAMCA0gAMEUCIQDfLiBytbqPcG3pW6AbPAu3
Fzeksgpcuj+QNOiQjcQaHAIgM8q/ptr0Rb6iklwG4xCJc/8RNgaI3iOtDBR3bHO7
V/0=
-----END CERTIFICATE-----
`,
} as const;
