"""What a user of veeam-easy-connect writes to list the organizations. Takes host, port, version and the CA's file."""

import json
import os
import sys

from veeam_easy_connect import VeeamEasyConnect

host, port, version, ca_cert = sys.argv[1:]
client = VeeamEasyConnect(os.environ["VEEAM_USERNAME"], os.environ["VEEAM_PASSWORD"], ca_cert)
client.o365()
client.update_port(port)
client.url_end = client.url_end.replace("/v6/", f"/{version}/")  # the package has no call for it
client.update_api_version(version)
client.login(host)
path = "Organizations?extendedView=true"
found = client.get(path, full=False)
organizations = found["results"] if version == "v8" else found
again = client.get(f"https://{host}:{port}/{version}/Organizations/{organizations[0]['id']}?extendedView=true")
instance = client.get("/ServiceInstance", full=False)
names = [organization["name"] for organization in organizations]
json.dump({"organizations": names, "first": again["name"], "installation": instance["installationId"]}, sys.stdout)
