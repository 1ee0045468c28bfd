/** The parts of a pod that its programs can tell. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly Volume[];
  };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly Variable[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly restartPolicy?: "Always";
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly exec?: { readonly command: readonly string[] } } };
}

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: KeyOf; readonly configMapKeyRef?: KeyOf };
}

interface KeyOf {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface Probe {
  readonly httpGet?: {
    readonly path: string;
    readonly port: string | number;
    readonly scheme?: "HTTP" | "HTTPS";
  };
  readonly tcpSocket?: { readonly port: string | number };
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly configMap?: FilesOf & { readonly name: string };
  readonly secret?: FilesOf & { readonly secretName: string };
  readonly projected?: { readonly sources: readonly Source[] };
}

export interface Source {
  readonly configMap?: FilesOf & { readonly name: string };
  readonly secret?: FilesOf & { readonly name: string };
  readonly serviceAccountToken?: { readonly path: string; readonly audience?: string };
}

export interface FilesOf {
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}

/** Those of a ConfigMap or a Secret. */
export interface Data {
  /** Base64 in a Secret, text in a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}
