# SPDX-License-Identifier: Apache-2.0
# Installing needs no install script, and none is run.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM dependencies AS build
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM gcr.io/distroless/nodejs24-debian12:nonroot
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY proto proto
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
# A number, so that `runAsNonRoot` can be checked without a user database.
USER 65532:65532
# 9090 gRPC and health pages, 9091 health pages and metrics.
EXPOSE 9090 9091
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
CMD ["serve", "--config", "/etc/tenuo/gateway.yaml"]
