{{- define "tenuo-ext-authz.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Some names get a suffix of up to 10 characters, and 63 is the limit. */}}
{{- define "tenuo-ext-authz.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tenuo-ext-authz.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tenuo-ext-authz.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "tenuo-ext-authz.labels" -}}
{{ include "tenuo-ext-authz.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Of the pod that `helm test` runs, which the Service must not take for one of its own. */}}
{{- define "tenuo-ext-authz.testLabels" -}}
app.kubernetes.io/name: {{ include "tenuo-ext-authz.name" . | trunc 58 }}-test
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "tenuo-ext-authz.serviceAccountName" -}}
{{- $own := .Values.serviceAccount.create | ternary (include "tenuo-ext-authz.fullname" .) "default" }}
{{- default $own .Values.serviceAccount.name }}
{{- end }}

{{- define "tenuo-ext-authz.image" -}}
{{- .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "tenuo-ext-authz.hasSource" -}}
{{- if or .existingConfigMap .existingSecret }}true{{ end }}
{{- end }}

{{/* One file out of a ConfigMap or Secret: (source, path), nothing where the source isn't set. */}}
{{- define "tenuo-ext-authz.projection" -}}
{{- $source := index . 0 }}
{{- if include "tenuo-ext-authz.hasSource" $source }}
- {{ if $source.existingSecret }}secret{{ else }}configMap{{ end }}:
    name: {{ default $source.existingConfigMap $source.existingSecret | quote }}
    items:
      - { key: {{ $source.key | quote }}, path: {{ index . 1 }} }
{{- end }}
{{- end }}

{{/* All that lies in /etc/tenuo: one volume, so that files that belong together change together. */}}
{{- define "tenuo-ext-authz.files" -}}
- configMap:
    name: {{ include "tenuo-ext-authz.fullname" . }}-config
{{- with .Values.tls.existingSecret }}
- secret:
    name: {{ . | quote }}
    items:
      - { key: {{ $.Values.tls.certKey | quote }}, path: tls.crt }
      - { key: {{ $.Values.tls.keyKey | quote }}, path: tls.key }
{{- end }}
{{- include "tenuo-ext-authz.projection" (list .Values.tls.clientCa "client-ca.crt") }}
{{- include "tenuo-ext-authz.projection" (list .Values.trustedKeys "roots.txt") }}
{{- include "tenuo-ext-authz.projection" (list .Values.revocation "revocation.srl") }}
{{- end }}

{{/* Values of Tenuo's own chart may probe a port named `http`. */}}
{{- define "tenuo-ext-authz.probe" -}}
{{- $probe := deepCopy . }}
{{- if eq (dig "httpGet" "port" "" $probe | toString) "http" }}
{{- $_ := set $probe.httpGet "port" "health" }}
{{- end }}
{{- toYaml $probe }}
{{- end }}

{{- define "tenuo-ext-authz.replicas" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount | int }}
{{- end }}
