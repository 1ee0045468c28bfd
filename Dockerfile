# SPDX-License-Identifier: Apache-2.0
# Installing needs no install script, and none is run. What only compilers, debuggers, other platforms and other runtimes
# read is left out.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' \) -delete \
    && find node_modules/sodium-native/prebuilds -mindepth 1 -maxdepth 1 \
        ! -name "$(node -p 'process.platform + "-" + process.arch')" -exec rm -r {} + \
    && rm -r node_modules/bare-*/prebuilds && find node_modules -name '*.bare' -delete

# Its program starts by itself, without a shell or `env`, also by the names that manifests for tenuo/authorizer use.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json LICENSE ./
COPY proto proto
COPY scripts/build.ts scripts/
COPY src src
# A clone made with another umask gives the same modes.
RUN npm run build \
    && chmod -R u=rwX,go=rX LICENSE package.json proto \
    && sed -i '1s|.*|#!/nodejs/bin/node|' dist/main.js \
    && chmod 755 dist/main.js \
    && mkdir -p /names/usr/local/bin \
    && ln -s /app/dist/main.js /names/tenuo-authorizer \
    && ln -s /app/dist/main.js /names/usr/local/bin/tenuo-authorizer \
    && ln -s /app/dist/main.js /names/usr/local/bin/tenuo-ext-authz

FROM gcr.io/distroless/nodejs24-debian12:nonroot
# Of the memory limit, this part is for what lasts in the heap, so that collecting begins before the kernel kills. Large
# messages go back to the system at once, and what else is free is so for all threads; docs/image.md.
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-semi-space-size=4 --max-old-space-size-percentage=32" \
    MALLOC_ARENA_MAX=1 \
    MALLOC_MMAP_THRESHOLD_=131072
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/LICENSE /app/package.json ./
COPY --from=build /app/proto proto
COPY --from=build /app/dist dist
COPY --from=build /names /
# A number, so that `runAsNonRoot` can be checked without a user database.
USER 65532:65532
# 9090 gRPC and health pages, 9091 health pages and metrics.
EXPOSE 9090 9091
HEALTHCHECK --interval=10s --timeout=10s --start-period=10s CMD ["tenuo-ext-authz", "healthcheck"]
ENTRYPOINT ["tenuo-ext-authz"]
CMD ["serve", "--config", "/etc/tenuo/gateway.yaml"]
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="tenuo-ext-authz" \
      org.opencontainers.image.description="External authorizer that puts Tenuo warrants behind Envoy and Istio (gRPC ext_authz)" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE"
