#!/bin/sh
# Installs what the independent verifiers need: Go with golang.org/x/mod (Debian packages, built without a network) and
# @sigstore/verify (npm). Writes nothing outside this folder and build/ except, as root on Debian, those two packages.
# What cannot be had is said, and the tests that need it are skipped: the exit status is 0 all the same.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build/verifiers
mkdir -p "$build"

say() { echo "verifiers: $*"; }

go_there() { command -v go >/dev/null && [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; }

apt() {
  timeout 900 env DEBIAN_FRONTEND=noninteractive apt-get -qq \
    -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@" >"$build/apt.log" 2>&1
}

install_go() {
  if ! command -v apt-get >/dev/null; then
    say "Go: this is not Debian. Install Go and follow 'On another system' in docs/verifying.md"
  elif [ "$(id -u)" != 0 ]; then
    say "Go: run as root: apt-get install golang-go golang-golang-x-mod-dev"
  else
    set -- install --yes --no-install-recommends golang-go golang-golang-x-mod-dev
    apt "$@" || { apt update && apt "$@"; } || say "Go: the packages could not be installed; see $build/apt.log"
  fi
}

build_go() {
  # Built anew whenever the sources differ from those of the last build; the tests compare the same way.
  cat "$here"/go/*.go >"$build/sources.new"
  if [ -x "$build/audit-check" ] && cmp -s "$build/sources.new" "$build/sources"; then
    rm "$build/sources.new"
  elif (cd "$here/go" && GO111MODULE=off GOFLAGS= GOPATH=/usr/share/gocode GOCACHE="$build/cache" \
    go build -trimpath -o "$build/audit-check" .); then
    mv "$build/sources.new" "$build/sources"
  else
    say "Go: the program could not be built"
    return
  fi
  say "Go: $build/audit-check is ready"
}

install_node() {
  cd "$here/node" || return
  if ! command -v npm >/dev/null; then
    say "Node: install Node.js 20 or newer with npm"
    return
  fi
  if ! cmp -s package-lock.json node_modules/.installed-lock; then
    if ! timeout 120 npm ci --cache "$PWD/.npm" --ignore-scripts --loglevel=error \
      --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=2000 --fetch-timeout=20000 >"$build/npm.log" 2>&1
    then
      rm -rf node_modules .npm
      say "Node: the packages could not be installed (is a registry reachable?); see $build/npm.log"
      return
    fi
    rm -rf .npm
    cp package-lock.json node_modules/.installed-lock
  fi
  say "Node: @sigstore/verify is ready"
}

go_there || install_go
if go_there; then build_go; fi
install_node
exit 0
