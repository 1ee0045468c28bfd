import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type ConfigMap, type Files, mountConfigMap } from "./config-map.ts";
import type { KubeApi } from "./kube-api.ts";
import type { Data, FilesOf, Pod, Source, Variable, Volume } from "./pod-spec.ts";

/** The volumes of a pod, as folders of this machine. */
export interface Volumes {
  /** By the name of the volume. */
  readonly folders: ReadonlyMap<string, string>;
  /** Brings what ConfigMaps and Secrets say by now, as the kubelet does within a minute or so. */
  readonly sync: () => Promise<void>;
}

/** @throws {Error} where the kubelet would wait: for a ConfigMap, a Secret or a key that isn't there. */
export async function mountVolumes(api: KubeApi, pod: Pod, folder: string): Promise<Volumes> {
  const folders = new Map<string, string>();
  const mounted: (readonly [ConfigMap, Volume])[] = [];
  const mount = async (volume: Volume): Promise<void> => {
    const place = join(folder, volume.name);
    mkdirSync(place, { recursive: true });
    folders.set(volume.name, place);
    if (volume.emptyDir === undefined)
      mounted.push([mountConfigMap(place, await filesOf(api, pod, volume)), volume]);
  };
  await Promise.all((pod.spec.volumes ?? []).map(mount));
  return {
    folders,
    sync: async () => {
      for (const [configMap, volume] of mounted) configMap.swap(await filesOf(api, pod, volume));
    },
  };
}

/** The environment of a container. @throws {Error} as {@link mountVolumes} */
export async function environmentOf(
  api: KubeApi,
  pod: Pod,
  variables: readonly Variable[],
): Promise<Readonly<Record<string, string>>> {
  const entryOf = async ({ name, value = "", valueFrom = {} }: Variable) => {
    const { secretKeyRef, configMapKeyRef } = valueFrom;
    const from = secretKeyRef ?? configMapKeyRef;
    if (from === undefined) return [[name, value]] as const;
    const kind = secretKeyRef ? "secret" : "configmap";
    const keys = await keysOf(api, pod.metadata.namespace, kind, from.name, from.optional);
    const content = keys[from.key];
    if (content !== undefined) return [[name, Buffer.from(content).toString()]] as const;
    if (from.optional !== true) throw new Error(`no key ${from.key} in the ${kind} ${from.name}`);
    return [];
  };
  return Object.fromEntries((await Promise.all(variables.map(entryOf))).flat());
}

async function filesOf(api: KubeApi, pod: Pod, volume: Volume): Promise<Files> {
  const { configMap, secret, projected } = volume;
  const sources: readonly Source[] = projected?.sources ?? [
    { ...(configMap && { configMap }), ...(secret && { secret: { ...secret, name: secret.secretName } }) },
  ];
  const files = await Promise.all(sources.map((source) => filesOfSource(api, pod, source)));
  return Object.assign({}, ...files);
}

async function filesOfSource(api: KubeApi, { metadata, spec }: Pod, source: Source): Promise<Files> {
  const { configMap, secret, serviceAccountToken } = source;
  const { namespace } = metadata;
  if (configMap)
    return chosen(configMap, await keysOf(api, namespace, "configmap", configMap.name, configMap.optional));
  if (secret) return chosen(secret, await keysOf(api, namespace, "secret", secret.name, secret.optional));
  if (!serviceAccountToken) throw new Error(`not known: ${JSON.stringify(source)}`);
  const { path, audience } = serviceAccountToken;
  const bound = ["--bound-object-kind", "Pod", "--bound-object-name", metadata.name];
  const account = ["create", "token", spec.serviceAccountName, "--namespace", namespace, ...bound];
  const token = await api.kubectl([...account, ...(audience ? ["--audience", audience] : [])]);
  return { [path]: token.trim() };
}

/** Of the keys of one source those that a volume takes, by its paths. @throws {Error} for a key that isn't there */
export function chosen({ items }: FilesOf, files: Files): Files {
  if (items === undefined) return files;
  return Object.fromEntries(
    items.map(({ key, path }) => {
      const content = files[key];
      if (content === undefined) throw new Error(`no key ${key}`);
      return [path, content];
    }),
  );
}

async function keysOf(
  api: KubeApi,
  namespace: string,
  kind: "configmap" | "secret",
  name: string,
  optional = false,
): Promise<Files> {
  const ignore = optional ? ["--ignore-not-found"] : [];
  const text = await api.kubectl([
    "get",
    kind,
    name,
    "--namespace",
    namespace,
    "--output",
    "json",
    ...ignore,
  ]);
  const { data = {}, binaryData = {} }: Data = text === "" ? {} : JSON.parse(text);
  const decoded = (from: Readonly<Record<string, string>>) =>
    Object.entries(from).map(([key, value]) => [key, Buffer.from(value, "base64")] as const);
  const plain = kind === "secret" ? decoded(data) : Object.entries(data);
  return Object.fromEntries<string | Uint8Array>([...plain, ...decoded(binaryData)]);
}
