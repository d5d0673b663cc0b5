# kustomize and kpt run a container function as
#   docker run --rm -i --network none --user nobody --security-opt=no-new-privileges IMAGE
# The image needs only the program and a passwd file with this user.

# prebuilt: the image from bin/tenantfence. It pulls no image. It is the first stage, since
# the classic builder runs every stage up to its target.
#   make image    or    docker build --target prebuilt .
FROM scratch AS prebuilt
COPY .docker/passwd /etc/passwd
# The pattern may match no file (LICENSE always exists): without a binary, the classic
# builder must still complete this stage to reach the next ones.
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

# The default: builds the program in the image, for machines without Go.
#   docker build .
FROM scratch
COPY .docker/passwd /etc/passwd
COPY LICENSE /
COPY --from=build /tenantfence /
USER nobody
ENTRYPOINT ["/tenantfence"]
