{{/* What the schema can't say; all of it at once. */}}
{{- define "tenuo-ext-authz.validate" -}}
{{- $values := .Values }}
{{- $errors := list }}

{{- if hasSuffix "tenuo/authorizer" $values.image.repository }}
{{- $errors = append $errors (printf "image.repository: %s is Tenuo's own authorizer, which speaks no gRPC; name where your registry has tenuo-ext-authz" $values.image.repository) }}
{{- end }}

{{- if regexMatch "[:@][^/]*$" $values.image.repository }}
{{- $errors = append $errors (printf "image.repository: %s has a tag or digest; write it as image.tag or image.digest" $values.image.repository) }}
{{- end }}

{{- range $name, $source := dict "trustedKeys" $values.trustedKeys "revocation" $values.revocation "tls.clientCa" $values.tls.clientCa }}
{{- if and $source.existingConfigMap $source.existingSecret }}
{{- $errors = append $errors (printf "%s: existingConfigMap and existingSecret are both set; keep one" $name) }}
{{- end }}
{{- end }}

{{- if and (include "tenuo-ext-authz.hasSource" $values.tls.clientCa) (not $values.tls.existingSecret) }}
{{- $errors = append $errors "tls.clientCa: clients can't show certificates without TLS; set tls.existingSecret" }}
{{- end }}

{{- if and (or $values.revocation.signers $values.revocation.maxAgeSecs) (not (include "tenuo-ext-authz.hasSource" $values.revocation)) }}
{{- $errors = append $errors "revocation: signers and maxAgeSecs are about a list; set revocation.existingConfigMap or revocation.existingSecret" }}
{{- end }}

{{- if $values.gateway.file }}
{{- $file := fromYaml $values.gateway.file }}
{{- with $file.Error }}
{{- $isText := contains "cannot unmarshal string" . }}
{{- $errors = append $errors (printf "gateway.file: %s" ($isText | ternary "a text, perhaps a path; --set-file gateway.file=PATH reads what is in the file" .)) }}
{{- end }}
{{- $settings := default dict $file.settings }}
{{- $revocation := default dict $settings.revocation }}
{{- if and (include "tenuo-ext-authz.hasSource" $values.revocation) (not (hasSuffix "revocation.srl" (toString $revocation.file))) }}
{{- $errors = append $errors "gateway.file: would ignore the list of revocation; write `revocation: { file: revocation.srl }` into its settings" }}
{{- end }}
{{- range $name, $value := dict "gateway.tools" $values.gateway.tools "gateway.routes" $values.gateway.routes "config.trustedRoots" $values.config.trustedRoots "revocation.signers" $values.revocation.signers "revocation.maxAgeSecs" $values.revocation.maxAgeSecs }}
{{- if $value }}
{{- $errors = append $errors (printf "%s: has no effect beside gateway.file; write it there" $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- range $i, $route := $values.gateway.routes }}
{{- if not (hasKey $values.gateway.tools (toString $route.tool)) }}
{{- $errors = append $errors (printf "gateway.routes[%d]: no tool %q under gateway.tools" $i (toString $route.tool)) }}
{{- end }}
{{- end }}

{{- if eq (int $values.service.port) (int $values.service.healthPort) }}
{{- $errors = append $errors "service: port and healthPort are the same" }}
{{- end }}

{{- range $name := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- $port := dig "httpGet" "port" "" (default dict (get $values $name)) | toString }}
{{- if and $values.tls.existingSecret (has $port (list "grpc" (int $values.service.port | toString))) }}
{{- $errors = append $errors (printf "%s: port %s speaks TLS; probe the port named health" $name $port) }}
{{- end }}
{{- end }}

{{- $least := add (int $values.drainSeconds) 10 | int }}
{{- if lt (int $values.terminationGracePeriodSeconds) $least }}
{{- $errors = append $errors (printf "terminationGracePeriodSeconds: %d kills pods that still answer; drainSeconds is %d, so set %d or more" (int $values.terminationGracePeriodSeconds) (int $values.drainSeconds) $least) }}
{{- end }}

{{- with $values.autoscaling }}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) }}
{{- $errors = append $errors "autoscaling: minReplicas is above maxReplicas" }}
{{- end }}
{{- if and .enabled (not .targetCPUUtilizationPercentage) (not .targetMemoryUtilizationPercentage) }}
{{- $errors = append $errors "autoscaling: set targetCPUUtilizationPercentage or targetMemoryUtilizationPercentage" }}
{{- end }}
{{- end }}

{{- if and $values.networkPolicy.enabled (not $values.networkPolicy.proxies) }}
{{- $errors = append $errors "networkPolicy.proxies: names nobody, so nobody could ask; set the peers of your proxies" }}
{{- end }}

{{- if $errors }}
{{- printf "\n\nThese values can't work:\n  - %s\n" (join "\n  - " $errors) | fail }}
{{- end }}
{{- end }}
