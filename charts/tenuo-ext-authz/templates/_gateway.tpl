{{- define "tenuo-ext-authz.gateway" -}}
{{- if .Values.gateway.file }}
{{- .Values.gateway.file }}
{{- else -}}
version: {{ .Values.gateway.version | toString | quote }}
settings:
  {{- include "tenuo-ext-authz.settings" . | nindent 2 }}
{{ dict "tools" .Values.gateway.tools | toYaml }}
{{ dict "routes" .Values.gateway.routes | toYaml }}
{{- end }}
{{- end }}

{{/* What `config` and `revocation` say. */}}
{{- define "tenuo-ext-authz.settings" -}}
{{- with .Values.config -}}
warrant_header: {{ .warrantHeader | quote }}
pop_header: {{ .popHeader | quote }}
approval_header: {{ .approvalHeader | quote }}
clock_tolerance_secs: {{ int64 .clockToleranceSecs }}
{{ dict "trusted_roots" .trustedRoots | toYaml }}
mode: {{ .mode }}
debug_mode: {{ .debugMode }}
strip_credentials: {{ .stripCredentials }}
allow_path_parameters: {{ .allowPathParameters }}
{{- with .maxBodyBytes }}
max_body_bytes: {{ int64 . }}
{{- end }}
{{- with .maxChainLength }}
max_chain_length: {{ int64 . }}
{{- end }}
{{- with .maxApprovals }}
max_approvals: {{ int64 . }}
{{- end }}
{{- with .bodyMediaTypes }}
{{ dict "body_media_types" . | toYaml }}
{{- end }}
log:
  {{- dict "redact" .log.redact "sample_allow" .log.sampleAllow | toYaml | nindent 2 }}
{{- end }}
{{- with .Values.revocation }}
{{- if include "tenuo-ext-authz.hasSource" . }}
revocation:
  file: revocation.srl
  required: {{ .required }}
  {{- with .signers }}
  {{- dict "signers" . | toYaml | nindent 2 }}
  {{- end }}
  {{- with .maxAgeSecs }}
  max_age_secs: {{ int64 . }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}
