import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-grpc";

/** OTLP over gRPC. Address, headers, timeout, compression and TLS files are read from the environment by the package. */
export function createGrpcExporter(concurrencyLimit: number): OTLPTraceExporter {
  return new OTLPTraceExporter({ concurrencyLimit });
}
