# SPDX-License-Identifier: GPL-2.0-or-later
# Clients that wait for what happens to secrets; TLS and TPM secrets; many clients at once.
. /mnt/steps
URI=secret:///system
UUID=3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0002
told() {
    virsh secret-event --event lifecycle --timeout 30 &
    sleep 1
    virsh secret-define /mnt/secret-ephemeral.xml
    wait $!
}
value() {
    virsh secret-event --event value-changed --timeout 30 &
    sleep 1
    virsh secret-set-value $UUID --base64 c3ludGhldGlj
    wait $!
}
many() {
    for _ in 1 2 3 4; do virsh secret-list & done
    wait
}
step virtsecretd event-defined told
step virtsecretd event-value value
step virtsecretd many-clients many
step virtsecretd define-tls virsh secret-define /mnt/secret-tls.xml
step virtsecretd list-persistent virsh secret-list --no-ephemeral
refuse virtsecretd read-only 'read only\|denied\|forbidden' virsh --readonly secret-undefine $UUID
step virtsecretd undefine-tls virsh secret-undefine 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0005
step virtsecretd undefine virsh secret-undefine $UUID
