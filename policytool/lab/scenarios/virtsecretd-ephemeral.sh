# SPDX-License-Identifier: GPL-2.0-or-later
# A secret that is never written to disk and that nobody may read back.
. /mnt/steps
URI=secret:///system
UUID=3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0002
step virtsecretd define-ephemeral virsh secret-define /mnt/secret-ephemeral.xml
step virtsecretd set-ephemeral virsh secret-set-value $UUID --base64 c3ludGhldGlj
refuse virtsecretd private-is-not-told 'private' virsh secret-get-value $UUID
step virtsecretd list-ephemeral virsh secret-list --ephemeral --private
step virtsecretd undefine-ephemeral virsh secret-undefine $UUID
