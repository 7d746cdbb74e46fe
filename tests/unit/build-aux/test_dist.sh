#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What leaves the house is whole: `make dist` packs every file that git knows, and `make install` fills its folders.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES           # not the settings of the "make check" that runs this
source=$(cd "${srcdir:-..}" && pwd)
folder=$(mktemp -d /tmp/weft-dist.XXXXXX)
packed=dist-test-$$
trap 'chmod -R u+w "$packed" 2>/dev/null; rm -rf "$folder" "$packed"' EXIT
n_failed=0
complain() {
    printf '%s\n' "$@"
    n_failed=$((n_failed + 1))
}

# --- make dist ---

if ! tracked=$(git -c safe.directory='*' -C "$source" ls-files 2>/dev/null) || [ -z "$tracked" ]; then
    echo "no git clone here: nothing to compare the package with"
elif ! make distdir distdir="$packed" >"$folder/log" 2>&1; then
    complain "make distdir failed:" "$(tail -20 "$folder/log")"
else
    while read -r file; do
        if [ ! -e "$source/$file" ]; then
            continue                                        # deleted, but not committed yet
        elif [ ! -e "$packed/$file" ]; then
            complain "not in the package: $file"
        elif [ -x "$source/$file" ] && [ ! -x "$packed/$file" ]; then
            complain "not executable in the package: $file"
        fi
    done <<<"$tracked"
fi

# --- make install ---

if ! make install prefix=/usr DESTDIR="$folder/root" >"$folder/log" 2>&1; then
    complain "make install failed:" "$(tail -20 "$folder/log")"
fi
for schema in ovn-nb ovn-sb; do
    cmp "$source/schemas/$schema.ovsschema" "$folder/root/usr/share/weft/$schema.ovsschema" || complain "no $schema"
done
for name in ovn-nbctl ovn-sbctl ovn-northd ovn-controller ovn-appctl ovsdb-server ovsdb-tool ovsdb-client; do
    text=$("$folder/root/usr/libexec/weft/compat/$name" --version 2>&1)
    [[ $text == "$name "*Weft* ]] || complain "compat/$name --version says: $text"
done
for program in "$folder"/root/usr/bin/* "$folder"/root/usr/sbin/*; do
    ls "$folder"/root/usr/share/man/man?/"${program##*/}".? >/dev/null 2>&1 || complain "no man page of ${program##*/}"
done
text=$("$folder/root/usr/libexec/weft/compat/ovn-ctl" --help 2>&1) || complain "compat/ovn-ctl --help says: $text"

[ $n_failed = 0 ] && echo "package and installation: all well" || exit 1
