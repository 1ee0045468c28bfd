import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";

/** OTLP over HTTP. Address, headers, timeout, compression and TLS files are read from the environment by the package. */
export function createHttpExporter(concurrencyLimit: number): OTLPTraceExporter {
  return new OTLPTraceExporter({ concurrencyLimit });
}
