# SPDX-License-Identifier: GPL-2.0-or-later
# Presets as the Fedora change has them: the daemons of hypervisors are services that start with the machine, all others are
# started through their sockets; and what then runs after a boot.
. /mnt/steps
. /mnt/boots
URI=qemu:///system
HYPERVISORS='virtqemud virtlxcd virtxend virtvboxd'
OTHERS='virtnetworkd virtstoraged virtnodedevd virtsecretd virtnwfilterd virtinterfaced virtproxyd virtlogd virtlockd'
preset=/etc/systemd/system-preset/10-policytool.preset
services() { for name in "$@"; do echo "$name.service"; done; }
sockets() {
    for name in "$@"; do
        (cd /usr/lib/systemd/system && ls "$name.socket" "$name-ro.socket" "$name-admin.socket" 2>/dev/null)
    done
}
# shellcheck disable=SC2086
enabled_ones() { services $HYPERVISORS && sockets $HYPERVISORS $OTHERS; }
# shellcheck disable=SC2086
other_ones() { services $OTHERS libvirtd && sockets libvirtd; }
# shellcheck disable=SC2046
presets() {
    mkdir -p "${preset%/*}"
    { enabled_ones | sed 's/^/enable /' && other_ones | sed 's/^/disable /'; } >$preset
    systemctl --quiet preset $(enabled_ones) $(other_ones)
}
are_enabled() {
    for unit in $(enabled_ones); do systemctl --quiet is-enabled "$unit" || { echo "$unit is not enabled" && return 1; }; done
}
are_not_enabled() {
    for unit in $(other_ones); do
        [ "$(systemctl is-enabled "$unit")" != enabled ] || { echo "$unit is enabled" && return 1; }
    done
}
# shellcheck disable=SC2046,SC2086
as_before() {
    rm $preset && systemctl --quiet disable $(services $HYPERVISORS) && systemctl --quiet enable $(sockets $HYPERVISORS $OTHERS)
}
case $boot in
0)
    step virtqemud presets presets
    step virtqemud hypervisors-and-sockets-are-enabled are_enabled
    step virtqemud others-are-not are_not_enabled
    reboot
    ;;
1)
    step virtqemud runs-after-boot poll 60 runs virtqemud
    step virtlxcd runs-after-boot poll 60 runs virtlxcd
    step virtvboxd runs-after-boot poll 60 runs virtvboxd
    step virtxend is-on-no-dom0 ended virtxend
    step virtsecretd waits-for-a-client ended virtsecretd
    step virtstoraged waits-for-a-client ended virtstoraged
    step virtsecretd started-by-a-client virsh -c secret:///system secret-list
    step virtstoraged started-by-a-client virsh -c storage:///system pool-list --all
    step libvirtd stays-down ended libvirtd
    step virtqemud as-before as_before
    ;;
esac
