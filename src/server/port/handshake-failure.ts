import type { Log } from "../log/log.ts";
import { seldom } from "../seldom.ts";

const PLAINTEXT = "the client speaks plaintext, and this port is for TLS";
const REFUSES_OURS = "the client refuses this service's certificate";
const UNKNOWN_CA = "the client's certificate wasn't issued by a CA of `--tls-client-ca`";

/** What codes of Node and OpenSSL mean here. */
const REASONS: Readonly<Record<string, string>> = {
  ERR_TLS_HANDSHAKE_TIMEOUT: "the client takes too long",
  ERR_SSL_HTTP_REQUEST: PLAINTEXT,
  ERR_SSL_WRONG_VERSION_NUMBER: PLAINTEXT,
  ERR_SSL_UNSUPPORTED_PROTOCOL: "the client offers neither TLS 1.2 nor 1.3",
  ERR_SSL_NO_SHARED_CIPHER: "the client offers no cipher that this service and its key can use",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "the client offers neither h2 nor http/1.1 (ALPN)",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "the client shows no certificate",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: REFUSES_OURS,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: REFUSES_OURS,
  "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE": REFUSES_OURS,
  "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED": REFUSES_OURS,
  "ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN": REFUSES_OURS,
  CERT_HAS_EXPIRED: "the client's certificate has expired",
  CERT_NOT_YET_VALID: "the client's certificate isn't valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_CA,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_CA,
  CERT_SIGNATURE_FAILURE: UNKNOWN_CA,
  INVALID_PURPOSE: "the client's certificate isn't meant for clients (extendedKeyUsage)",
};

/** A port scan or a probe that only opens a connection; nobody needs to know. */
const HUNG_UP = "ECONNRESET";

/** Tells the log why handshakes fail: seldom of each reason, however many fail. */
export function handshakeFailures(log: Log): (code: string, client: string | undefined) => void {
  const tellers = new Map<string, (code: string, client: string | undefined) => void>();
  const tellerOf = (reason: string) =>
    seldom((count, code: string, client: string | undefined) =>
      log.warn("tls_handshake_failed", `TLS can't be set up: ${reason}`, { reason, code, client, count }),
    );
  return (code, client) => {
    if (code === HUNG_UP) return;
    const reason = REASONS[code] ?? "for another reason, see `code`";
    const tell = tellers.get(reason) ?? tellerOf(reason);
    tellers.set(reason, tell);
    tell(code, client);
  };
}
