# SPDX-License-Identifier: GPL-2.0-or-later
# What virtsecretd has to refuse.
. /mnt/steps
URI=secret:///system
refuse virtsecretd bad-xml 'XML\|parse' virsh secret-define /mnt/bad.xml
refuse virtsecretd unknown-secret 'no secret\|not found' virsh secret-dumpxml 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0009
refuse virtsecretd value-of-unknown 'no secret\|not found' virsh secret-get-value 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0009
step virtsecretd define-first virsh secret-define /mnt/secret-keep.xml
refuse virtsecretd usage-in-use 'already\|use' virsh secret-define /mnt/secret-same-usage.xml
step virtsecretd undefine-first virsh secret-undefine 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0001
