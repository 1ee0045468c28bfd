import { compileConfig } from "./config-file.ts";
import type { Config, Parts } from "./snapshot.ts";
import type { TlsCredentials } from "./tls-files.ts";

/**
 * Parts of a snapshot as plain data, for another process: all that was read and judged, but gateway.yaml as its text,
 * since what is compiled of it has functions. It holds a private key: never log it.
 */
export interface Parcel extends Partial<Pick<Parts, "trustedKeys" | "revocationList">> {
  readonly config?: Omit<Config, "gateway">;
  readonly tls?: PackedTls | undefined;
}

interface PackedTls extends Omit<TlsCredentials, "secrets"> {
  readonly secrets: ReturnType<TlsCredentials["secrets"]>;
}

/** Those parts that aren't the very same in `before`. */
export function pack({ config, trustedKeys, revocationList, tls }: Parts, before?: Parts): Parcel {
  const { gateway: _, ...file } = config;
  return {
    ...(config !== before?.config && { config: file }),
    ...(trustedKeys !== before?.trustedKeys && { trustedKeys }),
    ...(revocationList !== before?.revocationList && { revocationList }),
    ...(tls !== before?.tls && { tls: tls && { ...tls, secrets: tls.secrets() } }),
  };
}

/** @param before what those parts are that the parcel hasn't. @throws {Error} for anything that {@link pack} didn't make */
export function unpack({ config, tls, ...others }: Parcel, before?: Parts): Parts {
  const parts = {
    ...before,
    ...others,
    ...(config && { config: compile(config) }),
    ...(tls && { tls: Object.freeze({ ...tls, secrets: () => tls.secrets }) }),
  };
  if (parts.config === undefined || parts.trustedKeys === undefined) throw new Error("a parcel lacks a part");
  return { revocationList: undefined, tls: undefined, ...parts } as Parts;
}

function compile(config: Omit<Config, "gateway">): Config {
  const file = compileConfig(config.text, "gateway.yaml");
  if (!file.ok) throw new Error(`a gateway.yaml in force doesn't compile: ${file.errors.join("; ")}`);
  return Object.freeze({ ...config, gateway: file.gateway });
}
