# kustomize and kpt run a container function as
#   docker run --rm -i --network none --user nobody --security-opt=no-new-privileges IMAGE
# so the image needs nothing but the program and a passwd file that has nobody.

# prebuilt: the image from bin/tenantfence. It pulls nothing and stands first, as
# the classic builder runs every stage up to its target.
#   make image    or    docker build --target prebuilt .
FROM scratch AS prebuilt
COPY .docker/passwd /etc/passwd
# The pattern may match nothing (LICENSE always does): where no binary was built,
# the classic builder must still get past this stage to the next ones.
COPY LICENSE bin/tenantfence* /
USER nobody
ENTRYPOINT ["/tenantfence"]

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY main.go ./
COPY api api
COPY fn fn
COPY internal internal
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /tenantfence .

# The default: everything built inside, for everyone who has an engine and no Go.
#   docker build .
FROM scratch
COPY .docker/passwd /etc/passwd
COPY LICENSE /
COPY --from=build /tenantfence /
USER nobody
ENTRYPOINT ["/tenantfence"]
