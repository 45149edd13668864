#!/usr/bin/python3
"""An OAI-PMH repository as a process, for tests: real HTTP, pages, tokens that expire, refusals with Retry-After, connections that break off.

usage: oai_server.py FILE        writes its port into FILE

The test steers it: PUT /control merges a JSON object into the settings, GET /log says which requests came. Settings:
  records      [[number, datestamp, deleted], ...] in the order of the list
  page         records on a page
  granularity, deleted, protocol   as Identify says them
  faults       {"<number of a ListRecords request, from 1>": fault}, or "*" for all; faults are in FAULTS
  hold         number of the ListRecords request that is held until it is changed
"""
import gzip
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

settings = {"records": [], "page": 10, "granularity": "YYYY-MM-DDThh:mm:ssZ", "deleted": "persistent", "protocol": "2.0", "faults": {}, "hold": 0,
            "answered": "", "list_size": True}
log = []
changed = threading.Condition()


def now():
    return settings["answered"] or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def envelope(inner):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">\n'
            f"<responseDate>{now()}</responseDate>\n<request>http://test/</request>\n{inner}\n</OAI-PMH>\n").encode()


def oai_dc(number, datestamp):
    return ('<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:title>Result {number} of {datestamp}</dc:title><dc:creator>Li, Wei</dc:creator><dc:publisher>Test University</dc:publisher>"
            f"<dc:description>What was found &amp; why</dc:description><dc:date>2020-01-02</dc:date></oai_dc:dc>")


def marc21(number, datestamp):
    return ('<record xmlns="http://www.loc.gov/MARC21/slim"><leader>00000nam a2200000 a 4500</leader>'
            f'<controlfield tag="001">m{number}</controlfield><datafield tag="245" ind1="0" ind2="0"><subfield code="a">Result {number} of {datestamp} /'
            '</subfield></datafield><datafield tag="260"><subfield code="b">Test Press,</subfield></datafield></record>')


def record(entry, prefix):
    number, datestamp, deleted = entry
    status = ' status="deleted"' if deleted else ""
    body = "" if deleted else f"<metadata>{(marc21 if prefix == 'marc21' else oai_dc)(number, datestamp)}</metadata>"
    if number == settings.get("untitled"):
        body = body.replace("dc:title", "dc:rights")
    return f"<record><header{status}><identifier>oai:test:{number}</identifier><datestamp>{datestamp}</datestamp></header>{body}</record>\n"


def identify():
    return envelope(f"<Identify><repositoryName>Test Repository</repositoryName><baseURL>http://test/</baseURL>"
                    f"<protocolVersion>{settings['protocol']}</protocolVersion><adminEmail>a@test</adminEmail>"
                    f"<earliestDatestamp>2000-01-01</earliestDatestamp><deletedRecord>{settings['deleted']}</deletedRecord>"
                    f"<granularity>{settings['granularity']}</granularity></Identify>")


def error(code):
    return envelope(f'<error code="{code}">as the test wants it</error>')


def list_records(words):
    if "resumptionToken" in words:
        at, prefix, start, until = json.loads(words["resumptionToken"])
    else:
        at, prefix, start, until = 0, words.get("metadataPrefix"), words.get("from", ""), words.get("until", "9999")
    if prefix not in ("oai_dc", "marc21"):
        return error("cannotDisseminateFormat")
    chosen = [e for e in settings["records"] if start <= e[1] and e[1][:len(until)] <= until]
    if not chosen:
        return error("noRecordsMatch")
    end = at + settings["page"]
    token = json.dumps([end, prefix, start, until]) if end < len(chosen) else ""
    size = f' completeListSize="{len(chosen)}" cursor="{at}"' if settings["list_size"] else ""
    last = f"<resumptionToken{size}>{token}</resumptionToken>" if token or at else ""
    return envelope("<ListRecords>\n" + "".join(record(e, prefix) for e in chosen[at:end]) + last + "</ListRecords>")


def endless(words, records):
    step = json.loads(words["resumptionToken"])[0] if "resumptionToken" in words else 0
    return envelope(f"<ListRecords>{records}<resumptionToken>[{step + 1}]</resumptionToken></ListRecords>")


BOMB = ('<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>\n<OAI-PMH><responseDate>&b;</responseDate>'
        "</OAI-PMH>").encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, code=200, headers=()):
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        with changed:
            settings.update(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            if settings.pop("clear", False):
                log.clear()
            changed.notify_all()
        self.answer(b"")

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path == "/log":
            self.answer(json.dumps(log).encode())
            return
        words = dict(urllib.parse.parse_qsl(parts.query))
        with changed:
            log.append(dict(words, time=time.monotonic(), agent=self.headers["User-Agent"], path=parts.path))
            number = sum(e.get("verb") == "ListRecords" for e in log)
            fault = settings["faults"].get(str(number), settings["faults"].get("*")) if words.get("verb") == "ListRecords" else settings["faults"].get("identify")
            while words.get("verb") == "ListRecords" and settings["hold"] == number:
                changed.wait()
        try:
            if fault:
                self.break_it(fault, words)
            else:
                self.answer(identify() if words.get("verb") == "Identify" else list_records(words))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def break_it(self, fault, words):
        name, _, value = fault.partition(" ")
        body = list_records(words) if words.get("verb") == "ListRecords" and name in ("cut", "cut-silently", "gzip", "mangled") else b""
        if name in ("503", "429", "500", "404"):
            self.answer(b"later", int(name), [("Retry-After", value)] if value else [])
        elif name == "cut":  # in the middle of a body whose length was told
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
        elif name == "cut-silently":  # the end of the connection is the end of the body
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
        elif name == "gzip":
            self.answer(gzip.compress(body), 200, [("Content-Encoding", "gzip")])
        elif name == "gzip-twice":
            self.answer(gzip.compress(gzip.compress(b"<" * 1000)), 200, [("Content-Encoding", "gzip")])
        elif name == "mangled":
            self.answer(body.replace(b"</dc:title>", b"</dc:titel>", 1))
        elif name == "bomb":
            self.answer(BOMB)
        elif name == "html":
            self.answer(b"Not XML at all")
        elif name == "error":
            self.answer(error(value))
        elif name == "empty-endless":
            self.answer(endless(words, ""))
        elif name == "endless":
            self.answer(endless(words, record([1, "2026-01-01T00:00:00Z", False], "oai_dc")))
        elif name == "circle":
            step = json.loads(words["resumptionToken"])[0] if "resumptionToken" in words else 0
            self.answer(envelope(f"<ListRecords>{record([1, '2026-01-01T00:00:00Z', False], 'oai_dc')}<resumptionToken>[{(step + 1) % 5}]</resumptionToken></ListRecords>"))
        elif name == "redirect":
            self.answer(b"", 302, [("Location", value.replace("HERE", self.path.split("?", 1)[-1]))])
        elif name == "huge":
            self.huge(int(value))

    def huge(self, size):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(envelope("<ListRecords>").split(b"</OAI-PMH>")[0])
        for _ in range(size):
            self.wfile.write(b"<record>" + b"x" * (1 << 20) + b"</record>\n")
        self.wfile.write(b"</ListRecords></OAI-PMH>")
        self.close_connection = True


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(sys.argv[1] + ".new", "w", encoding="utf-8") as file:
        file.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


main()
