# SPDX-License-Identifier: GPL-2.0-or-later
# Over TLS, with certificates made on the spot; without one, and with one of another authority, nobody gets in.
. /mnt/steps
URI=qemu+tls://127.0.0.1/system
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
authority() { # FOLDER
    mkdir -p "$1" && key "$1/cakey.pem" &&
        openssl req -x509 -new -key "$1/cakey.pem" -subj '/CN=lab authority' -days 2 -out "$1/cacert.pem"
}
certificate() { # KEY CERTIFICATE FOLDER: by the authority in FOLDER
    key "$1" && openssl req -new -key "$1" -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -out /run/lab.csr &&
        openssl x509 -req -in /run/lab.csr -CA "$3/cacert.pem" -CAkey "$3/cakey.pem" -CAcreateserial -days 2 \
            -copy_extensions copy -out "$2" && rm -f /run/lab.csr
}
certificates() {
    mkdir -p /etc/pki/CA /etc/pki/libvirt/private && authority /etc/pki/CA &&
        certificate /etc/pki/libvirt/private/serverkey.pem /etc/pki/libvirt/servercert.pem /etc/pki/CA &&
        certificate /etc/pki/libvirt/private/clientkey.pem /etc/pki/libvirt/clientcert.pem /etc/pki/CA &&
        authority /run/lab-other &&
        certificate /run/lab-other/clientkey.pem /run/lab-other/clientcert.pem /run/lab-other &&
        cp /etc/pki/CA/cacert.pem /run/lab-other/cacert.pem && restorecon -R /etc/pki
}
listen() { systemctl stop virtproxyd.service && systemctl start virtproxyd-tls.socket; }
deaf() { systemctl stop virtproxyd-tls.socket virtproxyd.service; }
other() { (URI="$URI?pkipath=/run/lab-other" && client list); }
step virtproxyd certificates certificates
step virtproxyd listen listen
step virtproxyd list client list --all
step virtproxyd capabilities client capabilities
step virtproxyd restart-tls systemctl restart virtproxyd.service
step virtproxyd after-restart client list
step virtproxyd update-certificates admin libvirtd server-update-tls virtproxyd
step virtproxyd after-update client list
refuse virtproxyd other-authority 'certificate\|TLS\|closed\|reset\|authentic\|packet' other
step virtproxyd after-refusal client list
step virtproxyd deaf deaf
step virtproxyd clean-up rm -rf /etc/pki/CA /etc/pki/libvirt /run/lab-other /usr/local/bin/policytool-client
