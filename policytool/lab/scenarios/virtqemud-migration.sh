# SPDX-License-Identifier: GPL-2.0-or-later
# Live migration on one host over sockets: to another virtqemud, which runs for the user that guests run as. The guest
# has one label on both sides: with categories of its own neither side could read what the other sends.
. /mnt/steps
URI=qemu:///system
home=/var/lib/libvirt/lab-other
other() { setpriv --reuid libvirt-qemu --regid libvirt-qemu --init-groups env HOME=$home XDG_RUNTIME_DIR=$home/run "$@"; }
prepare() {
    mkdir -p $home/run && chown -R libvirt-qemu:libvirt-qemu $home && chmod 700 $home/run &&
        printf 'host_uuid = "3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0777"\n' >$home/virtqemud.conf
}
begin() { other /usr/sbin/virtqemud --daemon --timeout 600 --config $home/virtqemud.conf; }
there() { (URI="qemu+unix:///session?socket=$home/run/libvirt/virtqemud-sock" && client "$@"); }
migrate() {
    client migrate lab-small "qemu+unix:///session?socket=$home/run/libvirt/virtqemud-sock" --live \
        --migrateuri "unix://$home/run/migrate.socket" --timeout 60
}
gone() { ! pgrep -u libvirt-qemu -x virtqemud; }
step virtqemud prepare prepare
step virtqemud other-daemon begin
step virtqemud other-answers poll 20 there list --all
step virtqemud create virsh create /mnt/guest-migrated.xml
step virtqemud migrate migrate
step virtqemud runs-there there domstate lab-small
refuse virtqemud is-gone-here 'failed to get\|not found' virsh domstate lab-small
step virtqemud destroy-there there destroy lab-small
step virtqemud end pkill -u libvirt-qemu -x virtqemud
step virtqemud has-ended poll 20 gone
step virtqemud clean-up rm -rf $home
