# SPDX-License-Identifier: GPL-2.0-or-later
# In the lab's machine: a package of all modules goes in stage by stage, is replaced by a later one and comes back, and
# goes out again, with a guest running. /mnt/one and /mnt/two are the packages.
case $(id -Z) in
*:unconfined_t:*) setenforce 1 ;; # an administrator's shell on an enforcing host
*) exec runcon -u unconfined_u -r unconfined_r -t unconfined_t -l s0-s0:c0.c1023 sh "$0" ;;
esac
. /mnt/steps
URI=qemu:///system
export HOME=/root PYTHONDONTWRITEBYTECODE=1
printf '#!/bin/sh\nPYTHONPATH=/mnt/python exec python3 -m policytool "$@"\n' >/usr/local/bin/policytool
chmod 755 /usr/local/bin/policytool

one() { command=$1 && shift && "/mnt/one/$command" "$@"; }
two() { command=$1 && shift && "/mnt/two/$command" "$@"; }
stage() { [ "$(one rollout status)" = "$1" ] || { one rollout status && return 1; }; }
guest() { [ "$(virsh domstate lab-small)" = running ]; }
domain() { ps -o label= -C virtqemud | grep -q ":$1:" || { ps -eo label,args | grep '[v]irtqemud' && return 1; }; }
modules() { semodule -lfull | grep "^200 *$1 "; }

# What a package changes. The store keeps what a policy is compiled of.
state() {
    sha256sum /sys/fs/selinux/policy
    cat /sys/fs/selinux/enforce
    echo
    semodule -lfull
    (cd /var/lib/selinux && find . -type f -path '*active/modules*' -exec sha256sum {} + | sort -k 2)
    sha256sum /etc/selinux/default/contexts/files/file_contexts
    while IFS= read -r path; do
        [ ! -e "$path" ] || find "$path" -xdev -printf '%p %Z\n'
    done </mnt/one/relabel.list | grep -v "$CHANGES" | sort
    for unit in $(cat /mnt/one/units.list); do echo "$unit $(systemctl is-active "$unit")"; done
    find /var/lib/policytool -type f ! -name journal.log ! -name dmesg.log
}
# A guest's own files come and go.
CHANGES='lab-small\|/run/libvirt/qemu\|/var/log\|/var/cache'
same() {
    state >/root/state.now
    diff /root/state.before /root/state.now
}

step package compiled-by-the-host semodule -B
systemctl stop virtqemud.service virtlogd.service # a guest starts them
state >/root/state.before
step package nothing-is-installed stage none
step package permissive one rollout permissive
step package is-permissive stage permissive
step package define virsh define /mnt/guest-small.xml
step package start-guest virsh start lab-small
step package has-its-domain domain virtqemud_t
step package watch one rollout watch
step package enforce one rollout enforce
step package is-enforcing stage enforcing
step package once-more one rollout enforce
step package guest-runs-on guest
step package restart systemctl restart virtqemud.service
step package guest-is-found guest
step package suspend virsh suspend lab-small
step package resume virsh resume lab-small
step package has-the-module modules virtvboxd
step package upgrade two install
step package without-the-module sh -c '! semodule -lfull | grep "^200 *virtvboxd "'
step package guest-after-upgrade guest
step package rollback two rollout rollback
step package has-the-module-again modules virtvboxd
step package guest-after-rollback guest
step package uninstall one uninstall
step package is-gone stage none
step package uninstall-once-more one uninstall
step package guest-after-uninstall guest
step package destroy virsh destroy lab-small
step package undefine virsh undefine lab-small
systemctl stop virtqemud.service virtlogd.service # a guest starts them
step package as-before same
