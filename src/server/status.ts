import type { Health } from "./pages.ts";
import { rfc3339 } from "./state/certificates.ts";
import { listStatus } from "./state/list-status.ts";
import type { StateView } from "./state/state.ts";
import { unixNow } from "./unix-now.ts";

/** What the pages tell. @param startedAt of the service, in milliseconds of `performance.now()` */
export function healthOf(
  state: Pick<StateView, "snapshot" | "failedReload">,
  version: string,
  startedAt: number,
  unready: Health["unready"],
): Health {
  const uptimeSeconds = (): number => Math.floor((performance.now() - startedAt) / 1000);
  return { unready, status: () => statusOf(state, version, unixNow(), uptimeSeconds()) };
}

/**
 * What /status tells.
 *
 * @param now Unix seconds
 * @param uptimeSeconds since the start of the service
 */
function statusOf(
  { snapshot, failedReload }: Pick<StateView, "snapshot" | "failedReload">,
  version: string,
  now: number,
  uptimeSeconds: number,
): object {
  const { config, policy, tls } = snapshot();
  const { roots, revocation } = policy.trust;
  const failed = failedReload();
  return {
    version,
    uptime_secs: uptimeSeconds,
    cp: { enabled: false, status: "disabled", authorizer_id: null },
    mode: policy.mode,
    config: {
      sha256: config.sha256,
      loaded_at: config.loadedAt,
      // What the errors quote of the files is for the log alone.
      failed_reload: failed === undefined ? null : { at: failed.at, errors: failed.errors.length },
    },
    trusted_roots: roots.size,
    tls:
      tls === undefined
        ? null
        : { not_after: rfc3339(tls.notAfter), client_certificates: tls.clientCa !== undefined },
    revocation_list: revocation === undefined ? null : listStatus(revocation.list, now),
  };
}
