# The chat server: `docker build -t hotshard .`, then
#   docker run --init --rm -p 127.0.0.1:8086:8086 -e HOTSHARD_DEV=1 -v hotshard:/data hotshard
ARG NODE=node:26-slim

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE}
ENV NODE_ENV=production \
    HOTSHARD_HOST=0.0.0.0 \
    HOTSHARD_PORT=8086 \
    HOTSHARD_DATA=/data
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY package.json ./
COPY server ./server
# A new volume takes the owner of what it covers.
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8086
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOTSHARD_PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Without npm or a shell between, so that a SIGTERM reaches the server and it stops in order.
ENTRYPOINT ["node", "server/main.ts"]
