# A camera of another make: gst-rtsp-server, with test pictures. Told by one JSON object as argument:
#   users: "basic", "digest" or absent; tls: a file with certificate and key; protocols: "tcp" or "udp" (both where absent);
#   sessionSeconds: how long a session lives without a sign of its client.
# Says "READY <port>" when it listens, and each request by its method.
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer

Gst.init(None)
options = json.loads(sys.argv[1])



def tone(rate):
    return "audiotestsrc is-live=true freq=1000 volume=0.5 ! audio/x-raw,channels=1,rate=" + str(rate) + " ! "


source = "videotestsrc is-live=true pattern=smpte ! video/x-raw,width=640,height=360,framerate=25/1,format=I420 ! "
h264 = "openh264enc gop-size=12 bitrate=400000 ! h264parse config-interval=-1 ! "
streams = {
    "/h264": source + h264 + "rtph264pay name=pay0 pt=96 aggregate-mode=zero-latency",
    "/h264-plain": source + h264 + "rtph264pay name=pay0 pt=96 aggregate-mode=none mtu=400",
    "/h264-b": source
    + "x264enc bframes=2 b-adapt=false b-pyramid=false key-int-max=12 bitrate=400 speed-preset=ultrafast ! h264parse ! "
    + "video/x-h264,profile=main ! rtph264pay name=pay0 pt=96",
    "/h265": source
    + "x265enc key-int-max=12 speed-preset=ultrafast tune=zerolatency bitrate=400 ! h265parse config-interval=-1 ! "
    + "rtph265pay name=pay0 pt=96 mtu=600",
    # A tone of 1 kHz.
    "/pcma": source + h264 + "rtph264pay name=pay0 pt=96 " + tone(8000) + "alawenc ! rtppcmapay name=pay1 pt=8",
    "/pcmu": source + h264 + "rtph264pay name=pay0 pt=96 " + tone(8000) + "mulawenc ! rtppcmupay name=pay1 pt=0",
    "/aac": source
    + h264
    + "rtph264pay name=pay0 pt=96 "
    + tone(16000)
    + "voaacenc bitrate=32000 ! aacparse ! rtpmp4gpay name=pay1 pt=97",
    "/mjpeg": source + "jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26",
}
protocols = {"tcp": GstRtsp.RTSPLowerTrans.TCP, "udp": GstRtsp.RTSPLowerTrans.UDP}


def permissions():
    role = GstRtspServer.RTSPPermissions()
    role.add_permission_for_role("user", "media.factory.access", True)
    role.add_permission_for_role("user", "media.factory.construct", True)
    return role


def guarded():
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    if options.get("users") == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("bell", "p@ss:w/rd"), token)
    elif options.get("users") == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("bell", "p@ss:w/rd", token)
    else:
        auth.set_default_token(token)
    if "tls" in options:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(options["tls"]))
    return auth


def say(method):
    def said(client, context):
        print(method, flush=True)

    return said


def connected(server, client):
    for method in ("options", "describe", "setup", "play", "teardown", "get-parameter"):
        client.connect(method + "-request", say(method))

    def begun(client, session):
        if "sessionSeconds" in options:
            session.set_timeout(options["sessionSeconds"])

    client.connect("new-session", begun)


server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")
closed = "users" in options or "tls" in options
if closed:
    server.set_auth(guarded())
for path, launch in streams.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch("( " + launch + " )")
    factory.set_shared(True)
    if "protocols" in options:
        factory.set_protocols(protocols[options["protocols"]])
    if closed:
        factory.set_permissions(permissions())
    server.get_mount_points().add_factory(path, factory)
server.connect("client-connected", connected)
server.attach(None)
GLib.timeout_add(250, lambda: server.get_session_pool().cleanup() >= 0)
print("READY", server.get_bound_port(), flush=True)
GLib.MainLoop().run()
