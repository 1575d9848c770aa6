-- The data of a server of version 1 (commit ac61dc7) that was killed at work: turns of text, edits and
-- commands, approved, denied, failed, cancelled, parked, awaiting consent, running and queued.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE person (
        id text primary key,
        number integer not null unique check (number > 0),
        name text not null,
        role text not null check (role in ('admin', 'member')),
        tier text not null check (tier in ('free', 'basic', 'pro')),
        created_at integer not null
      ) strict;
INSERT INTO person VALUES('usr_kqje5eesjdta2ebv',1,'owner','admin','pro',1795374223845);
CREATE TABLE api_key (
        id text primary key,
        person_id text not null references person (id),
        hash text not null unique,
        created_at integer not null,
        revoked_at integer
      ) strict;
INSERT INTO api_key VALUES('key_d7nbdyz175tm5wdh','usr_kqje5eesjdta2ebv','b829aad86a349ef09cff2531f1f32c03604f103a8e660add762e681fbc8f3230',1795374223846,NULL);
CREATE TABLE workspace (
        id text primary key,
        person_id text not null references person (id),
        path text not null,
        ino text not null,
        owner_uid integer not null check (owner_uid >= 0),
        is_private integer not null check (is_private in (0, 1)),
        trusted integer not null check (trusted in (0, 1)),
        created_at integer not null,
        unique (person_id, path)
      ) strict;
INSERT INTO workspace VALUES('ws_fp698vphx52y9j8p','usr_kqje5eesjdta2ebv','/srv/mainstay/workspaces/ws_fp698vphx52y9j8p','1483223',0,1,0,1795374223976);
CREATE TABLE session (
        id text primary key,
        person_id text not null references person (id),
        workspace_id text not null references workspace (id),
        title text not null,
        created_at integer not null,
        last_turn_at integer not null,
        fence integer not null default 0 check (fence >= 0),
        holder integer
      ) strict;
INSERT INTO session VALUES('ses_th7yyyz4jpxm62h4','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','What colour is the sky?',1795374223980,1795374224221,2,NULL);
INSERT INTO session VALUES('ses_a7w6nk74ymbm2gsx','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','make a folder',1795374225448,1795374225561,4,NULL);
INSERT INTO session VALUES('ses_n23xzr6wtaw2ex4d','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','what is wrong',1795374225658,1795374225658,1,NULL);
INSERT INTO session VALUES('ses_z4sv47e6wjc50m2p','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','cancel me',1795374225716,1795374225716,1,NULL);
INSERT INTO session VALUES('ses_4aab89je4g28xptx','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','nobody answers',1795374226285,1795374226285,1,NULL);
INSERT INTO session VALUES('ses_qapvqfnxn4xkphmq','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','please wait for me',1795374227546,1795374227546,1,NULL);
INSERT INTO session VALUES('ses_4frt40am4ntxxrmb','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','a slow answer',1795374227577,1795374227593,1,1795374223);
CREATE TABLE turn (
        id text primary key,
        session_id text not null references session (id),
        person_id text not null references person (id),
        workspace_id text not null references workspace (id),
        state text not null check (state in
          ('queued', 'running', 'awaiting_approval', 'parked', 'done', 'failed', 'cancelled')),
        urgency text not null check (urgency in ('interactive', 'batch')),
        ordinal integer not null unique,
        queued_at integer not null,
        queued_by text not null check (queued_by in
          ('acceptance', 'approval', 'retry', 'restart')),
        created_at integer not null,
        settled_at integer,
        check ((settled_at is not null) = (state in ('done', 'failed', 'cancelled')))
      ) strict;
INSERT INTO turn VALUES('turn_g9svwad6ha6gh0zm','ses_th7yyyz4jpxm62h4','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','done','interactive',1,1795374223982,'acceptance',1795374223982,1795374224161);
INSERT INTO turn VALUES('turn_8c3jrpwdr554phhd','ses_th7yyyz4jpxm62h4','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','done','interactive',2,1795374224221,'acceptance',1795374224221,1795374225434);
INSERT INTO turn VALUES('turn_cq2yq6cwea2nbabe','ses_a7w6nk74ymbm2gsx','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','done','interactive',3,1795374225481,'approval',1795374225448,1795374225553);
INSERT INTO turn VALUES('turn_030t7sb6sq5y6j85','ses_a7w6nk74ymbm2gsx','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','done','interactive',4,1795374225585,'approval',1795374225561,1795374225605);
INSERT INTO turn VALUES('turn_4qngbzhw5ane2r7f','ses_n23xzr6wtaw2ex4d','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','done','interactive',5,1795374225658,'acceptance',1795374225658,1795374225705);
INSERT INTO turn VALUES('turn_s5wc7a9cspnfjq30','ses_z4sv47e6wjc50m2p','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','cancelled','interactive',6,1795374225716,'acceptance',1795374225716,1795374226255);
INSERT INTO turn VALUES('turn_8q3xf6h6qmtkhb8m','ses_4aab89je4g28xptx','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','parked','interactive',7,1795374226285,'acceptance',1795374226285,NULL);
INSERT INTO turn VALUES('turn_35dh7av63gfrb62e','ses_qapvqfnxn4xkphmq','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','awaiting_approval','interactive',8,1795374227546,'acceptance',1795374227546,NULL);
INSERT INTO turn VALUES('turn_gmtc4d47yben6vdz','ses_4frt40am4ntxxrmb','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','running','interactive',9,1795374227577,'acceptance',1795374227577,NULL);
INSERT INTO turn VALUES('turn_s2v862y1dpbckwdn','ses_4frt40am4ntxxrmb','usr_kqje5eesjdta2ebv','ws_fp698vphx52y9j8p','queued','interactive',10,1795374227593,'acceptance',1795374227593,NULL);
CREATE TABLE journal (
        turn_id text not null references turn (id),
        seq integer not null check (seq > 0),
        at integer not null,
        type text not null,
        body text not null,
        primary key (turn_id, seq)
      ) strict;
INSERT INTO journal VALUES('turn_g9svwad6ha6gh0zm',1,1795374223982,'accepted','{"type":"accepted","message":"What colour is the sky?","urgency":"interactive","session_id":"ses_th7yyyz4jpxm62h4","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_g9svwad6ha6gh0zm',2,1795374224001,'started','{"type":"started","fence":1,"waited_ms":8,"ahead":0}');
INSERT INTO journal VALUES('turn_g9svwad6ha6gh0zm',3,1795374224033,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_g9svwad6ha6gh0zm',4,1795374224162,'step_ended','{"type":"step_ended","step":1,"attempt":1,"text":"Blue, mostly. Grüße 👋","tool_calls":[],"finish":"stop","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":194,"output_tokens":6}}');
INSERT INTO journal VALUES('turn_g9svwad6ha6gh0zm',5,1795374224162,'settled','{"type":"settled","state":"done","answer":"Blue, mostly. Grüße 👋","mode":"full","provider":"fake","model":"fake-model","usage":{"input_tokens":194,"output_tokens":6},"error":null}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',1,1795374224221,'accepted','{"type":"accepted","message":"write a note","urgency":"interactive","session_id":"ses_th7yyyz4jpxm62h4","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',2,1795374224244,'started','{"type":"started","fence":2,"waited_ms":23,"ahead":0}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',3,1795374224270,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',4,1795374224299,'step_ended','{"type":"step_ended","step":1,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_2_0","name":"write_file","input":"{\"intent\":\"make a note\",\"path\":\"note.txt\",\"content\":\"one\\n\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":202,"output_tokens":41}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',5,1795374224299,'tool_started','{"type":"tool_started","step":1,"call_id":"call_fake_2_0","tool":"write_file","intent":"make a note","effect":{"kind":"file","edit_id":"edit_6nxtbeve20jg8arq","path":"note.txt","before_sha256":null,"after_sha256":"2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806"}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',6,1795374224312,'tool_ended','{"type":"tool_ended","step":1,"call_id":"call_fake_2_0","outcome":"ok","result":"created note.txt (+1 −0 lines)\n--- /dev/null\n+++ note.txt\n@@ -0,0 +1,1 @@\n+one","command":null}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',7,1795374224312,'attempt_started','{"type":"attempt_started","step":2,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',8,1795374224333,'step_ended','{"type":"step_ended","step":2,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_3_0","name":"edit_file","input":"{\"intent\":\"mend it\",\"path\":\"note.txt\",\"old_text\":\"one\",\"new_text\":\"two\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":222,"output_tokens":45}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',9,1795374224333,'tool_started','{"type":"tool_started","step":2,"call_id":"call_fake_3_0","tool":"edit_file","intent":"mend it","effect":{"kind":"file","edit_id":"edit_ttddv2j5rmw7jqfp","path":"note.txt","before_sha256":"2c8b08da5ce60398e1f19af0e5dccc744df274b826abe585eaba68c525434806","after_sha256":"27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a"}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',10,1795374224340,'tool_ended','{"type":"tool_ended","step":2,"call_id":"call_fake_3_0","outcome":"ok","result":"edited note.txt (+1 −1 lines)\n--- note.txt\n+++ note.txt\n@@ -1,1 +1,1 @@\n-one\n+two","command":null}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',11,1795374224340,'attempt_started','{"type":"attempt_started","step":3,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',12,1795374224370,'step_ended','{"type":"step_ended","step":3,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_4_0","name":"shell","input":"{\"intent\":\"count\",\"command\":\"wc -l note.txt\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":242,"output_tokens":35}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',13,1795374224370,'tool_started','{"type":"tool_started","step":3,"call_id":"call_fake_4_0","tool":"shell","intent":"count","effect":{"kind":"command","command_id":"cmd_hapeds7skbz9zdhj","command":"wc -l note.txt","verdict":"safe","agreed_by":"policy: read-only","planned_digest":"52ee250514f6fe4750eec569296a18909ba8aa258b8528aac9795518994fe236"}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',14,1795374225395,'tool_ended','{"type":"tool_ended","step":3,"call_id":"call_fake_4_0","outcome":"ok","result":"1 note.txt\n[exit 0, 0.0 s]","command":{"outcome":"exited","exit_code":0,"signal":null,"timed_out":false,"cancelled":false,"duration_ms":8.07661900000005,"output_bytes":11,"output_sha256":"20e694f78efd4ed6ebfc4f343edf1ad54eea065131976a95af753846900fc41e","executed_digest":"52ee250514f6fe4750eec569296a18909ba8aa258b8528aac9795518994fe236"}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',15,1795374225405,'attempt_started','{"type":"attempt_started","step":4,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',16,1795374225434,'step_ended','{"type":"step_ended","step":4,"attempt":1,"text":"The note says two.","tool_calls":[],"finish":"stop","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":248,"output_tokens":5}}');
INSERT INTO journal VALUES('turn_8c3jrpwdr554phhd',17,1795374225434,'settled','{"type":"settled","state":"done","answer":"The note says two.","mode":"full","provider":"fake","model":"fake-model","usage":{"input_tokens":914,"output_tokens":126},"error":null}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',1,1795374225448,'accepted','{"type":"accepted","message":"make a folder","urgency":"interactive","session_id":"ses_a7w6nk74ymbm2gsx","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',2,1795374225450,'started','{"type":"started","fence":1,"waited_ms":2,"ahead":0}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',3,1795374225453,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',4,1795374225464,'step_ended','{"type":"step_ended","step":1,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_6_0","name":"shell","input":"{\"intent\":\"make it\",\"command\":\"mkdir -p built && echo ok > built/a.txt\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":191,"output_tokens":42}}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',5,1795374225466,'approval_requested','{"type":"approval_requested","step":1,"call_id":"call_fake_6_0","approval_id":"apr_qjjxmqerygxmhann","tool":"shell","intent":"make it","command":"mkdir -p built && echo ok > built/a.txt","reason":"it uses shell syntax, so it may do more than read","expires_at":"2026-11-29T19:03:45.464Z"}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',6,1795374225482,'approval_decided','{"type":"approval_decided","approval_id":"apr_qjjxmqerygxmhann","call_id":"call_fake_6_0","decision":"approve","by":"owner"}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',7,1795374225485,'resumed','{"type":"resumed","fence":2,"cause":"an approval was decided"}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',8,1795374225493,'tool_started','{"type":"tool_started","step":1,"call_id":"call_fake_6_0","tool":"shell","intent":"make it","effect":{"kind":"command","command_id":"cmd_87zpsmy5r200x1v7","command":"mkdir -p built && echo ok > built/a.txt","verdict":"ask","agreed_by":"owner","planned_digest":"ddae03e509a489964dae8c4a7ec06bdf38a8f3149e70412cc49f4213a59f479a"}}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',9,1795374225541,'tool_ended','{"type":"tool_ended","step":1,"call_id":"call_fake_6_0","outcome":"ok","result":"[exit 0, 0.0 s, no output]","command":{"outcome":"exited","exit_code":0,"signal":null,"timed_out":false,"cancelled":false,"duration_ms":8.851973000000044,"output_bytes":0,"output_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","executed_digest":"ddae03e509a489964dae8c4a7ec06bdf38a8f3149e70412cc49f4213a59f479a"}}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',10,1795374225547,'attempt_started','{"type":"attempt_started","step":2,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',11,1795374225553,'step_ended','{"type":"step_ended","step":2,"attempt":1,"text":"It is there.","tool_calls":[],"finish":"stop","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":198,"output_tokens":4}}');
INSERT INTO journal VALUES('turn_cq2yq6cwea2nbabe',12,1795374225553,'settled','{"type":"settled","state":"done","answer":"It is there.","mode":"full","provider":"fake","model":"fake-model","usage":{"input_tokens":389,"output_tokens":46},"error":null}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',1,1795374225561,'accepted','{"type":"accepted","message":"remove it","urgency":"interactive","session_id":"ses_a7w6nk74ymbm2gsx","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',2,1795374225563,'started','{"type":"started","fence":3,"waited_ms":2,"ahead":0}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',3,1795374225567,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',4,1795374225575,'step_ended','{"type":"step_ended","step":1,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_8_0","name":"shell","input":"{\"intent\":\"remove it\",\"command\":\"rm -r built\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":203,"output_tokens":35}}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',5,1795374225577,'approval_requested','{"type":"approval_requested","step":1,"call_id":"call_fake_8_0","approval_id":"apr_evy6qmz3tbzs058e","tool":"shell","intent":"remove it","command":"rm -r built","reason":"rm may change things","expires_at":"2026-11-29T19:03:45.575Z"}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',6,1795374225585,'approval_decided','{"type":"approval_decided","approval_id":"apr_evy6qmz3tbzs058e","call_id":"call_fake_8_0","decision":"deny","by":"owner"}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',7,1795374225588,'resumed','{"type":"resumed","fence":4,"cause":"an approval was decided"}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',8,1795374225599,'tool_started','{"type":"tool_started","step":1,"call_id":"call_fake_8_0","tool":"shell","intent":"remove it","effect":{"kind":"none"}}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',9,1795374225599,'tool_ended','{"type":"tool_ended","step":1,"call_id":"call_fake_8_0","outcome":"denied","result":"Denied by owner. The command did not run.","command":null}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',10,1795374225599,'attempt_started','{"type":"attempt_started","step":2,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',11,1795374225606,'step_ended','{"type":"step_ended","step":2,"attempt":1,"text":"As you wish.","tool_calls":[],"finish":"stop","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":213,"output_tokens":4}}');
INSERT INTO journal VALUES('turn_030t7sb6sq5y6j85',12,1795374225606,'settled','{"type":"settled","state":"done","answer":"As you wish.","mode":"full","provider":"fake","model":"fake-model","usage":{"input_tokens":416,"output_tokens":39},"error":null}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',1,1795374225659,'accepted','{"type":"accepted","message":"what is wrong","urgency":"interactive","session_id":"ses_n23xzr6wtaw2ex4d","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',2,1795374225673,'started','{"type":"started","fence":1,"waited_ms":15,"ahead":0}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',3,1795374225676,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',4,1795374225688,'step_ended','{"type":"step_ended","step":1,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_10_0","name":"read_file","input":"{\"intent\":\"look\",\"path\":\"missing.txt\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":191,"output_tokens":34}}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',5,1795374225688,'tool_started','{"type":"tool_started","step":1,"call_id":"call_fake_10_0","tool":"read_file","intent":"look","effect":{"kind":"none"}}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',6,1795374225697,'tool_ended','{"type":"tool_ended","step":1,"call_id":"call_fake_10_0","outcome":"error","result":"\"missing.txt\" does not exist","command":null}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',7,1795374225697,'attempt_started','{"type":"attempt_started","step":2,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',8,1795374225705,'step_ended','{"type":"step_ended","step":2,"attempt":1,"text":"There is no such file.","tool_calls":[],"finish":"stop","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":198,"output_tokens":6}}');
INSERT INTO journal VALUES('turn_4qngbzhw5ane2r7f',9,1795374225705,'settled','{"type":"settled","state":"done","answer":"There is no such file.","mode":"full","provider":"fake","model":"fake-model","usage":{"input_tokens":389,"output_tokens":40},"error":null}');
INSERT INTO journal VALUES('turn_s5wc7a9cspnfjq30',1,1795374225717,'accepted','{"type":"accepted","message":"cancel me","urgency":"interactive","session_id":"ses_z4sv47e6wjc50m2p","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_s5wc7a9cspnfjq30',2,1795374225720,'started','{"type":"started","fence":1,"waited_ms":4,"ahead":0}');
INSERT INTO journal VALUES('turn_s5wc7a9cspnfjq30',3,1795374225725,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_s5wc7a9cspnfjq30',4,1795374226233,'cancel_requested','{"type":"cancel_requested","by":"owner"}');
INSERT INTO journal VALUES('turn_s5wc7a9cspnfjq30',5,1795374226255,'settled','{"type":"settled","state":"cancelled","answer":"Cancelled by owner. Nothing was run or changed.","mode":"full","provider":null,"model":null,"usage":{"input_tokens":0,"output_tokens":0},"error":null}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',1,1795374226285,'accepted','{"type":"accepted","message":"nobody answers","urgency":"interactive","session_id":"ses_4aab89je4g28xptx","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',2,1795374226290,'started','{"type":"started","fence":1,"waited_ms":5,"ahead":0}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',3,1795374226297,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',4,1795374226305,'attempt_failed','{"type":"attempt_failed","step":1,"attempt":1,"provider":"fake","model":"fake-model","code":"overload","message":"503: Service Unavailable"}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',5,1795374227518,'attempt_started','{"type":"attempt_started","step":1,"attempt":2,"provider":"fake","model":"fake-model","why":"a second try, after all had failed"}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',6,1795374227534,'attempt_failed','{"type":"attempt_failed","step":1,"attempt":2,"provider":"fake","model":"fake-model","code":"overload","message":"503: Service Unavailable"}');
INSERT INTO journal VALUES('turn_8q3xf6h6qmtkhb8m',7,1795374227537,'parked','{"type":"parked","answer":"No model could answer: fake: 503: Service Unavailable. Nothing was run or changed. Your request is kept; try again with retry, or cancel it.","cause":"fake: 503: Service Unavailable"}');
INSERT INTO journal VALUES('turn_35dh7av63gfrb62e',1,1795374227546,'accepted','{"type":"accepted","message":"please wait for me","urgency":"interactive","session_id":"ses_qapvqfnxn4xkphmq","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_35dh7av63gfrb62e',2,1795374227548,'started','{"type":"started","fence":1,"waited_ms":2,"ahead":0}');
INSERT INTO journal VALUES('turn_35dh7av63gfrb62e',3,1795374227550,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_35dh7av63gfrb62e',4,1795374227557,'step_ended','{"type":"step_ended","step":1,"attempt":1,"text":"","tool_calls":[{"id":"call_fake_15_0","name":"shell","input":"{\"intent\":\"ask first\",\"command\":\"touch asked.txt\"}"}],"finish":"tool_calls","provider":"fake","model":"fake-model","mode":"full","usage":{"input_tokens":192,"output_tokens":36}}');
INSERT INTO journal VALUES('turn_35dh7av63gfrb62e',5,1795374227559,'approval_requested','{"type":"approval_requested","step":1,"call_id":"call_fake_15_0","approval_id":"apr_30cyw6s5hvnzgfqf","tool":"shell","intent":"ask first","command":"touch asked.txt","reason":"touch may change things","expires_at":"2026-11-29T19:03:47.557Z"}');
INSERT INTO journal VALUES('turn_gmtc4d47yben6vdz',1,1795374227577,'accepted','{"type":"accepted","message":"a slow answer","urgency":"interactive","session_id":"ses_4frt40am4ntxxrmb","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
INSERT INTO journal VALUES('turn_gmtc4d47yben6vdz',2,1795374227581,'started','{"type":"started","fence":1,"waited_ms":4,"ahead":0}');
INSERT INTO journal VALUES('turn_gmtc4d47yben6vdz',3,1795374227585,'attempt_started','{"type":"attempt_started","step":1,"attempt":1,"provider":"fake","model":"fake-model","why":"first in the configured order"}');
INSERT INTO journal VALUES('turn_s2v862y1dpbckwdn',1,1795374227594,'accepted','{"type":"accepted","message":"colour again, behind the slow one","urgency":"interactive","session_id":"ses_4frt40am4ntxxrmb","workspace_id":"ws_fp698vphx52y9j8p","model":null,"on_disconnect":"detach"}');
CREATE TABLE idempotency (
        person_id text not null references person (id),
        key text not null,
        body_hash text not null,
        turn_id text not null references turn (id),
        created_at integer not null,
        primary key (person_id, key)
      ) strict;
CREATE TABLE approval (
        id text primary key,
        turn_id text not null references turn (id),
        person_id text not null references person (id),
        step integer not null,
        call_id text not null,
        state text not null check (state in ('pending', 'approved', 'denied', 'expired')),
        intent text not null,
        command text not null,
        command_sha256 text not null,
        workspace_id text not null references workspace (id),
        reason text not null,
        created_at integer not null,
        expires_at integer not null,
        decided_at integer,
        decided_by text,
        check ((decided_at is null) = (state = 'pending'))
      ) strict;
INSERT INTO approval VALUES('apr_qjjxmqerygxmhann','turn_cq2yq6cwea2nbabe','usr_kqje5eesjdta2ebv',1,'call_fake_6_0','approved','make it','mkdir -p built && echo ok > built/a.txt','fe91b13f4cb91d42645d76ac2dfbe3fd95e2bbe6fe8ec95629062dcc44b14273','ws_fp698vphx52y9j8p','it uses shell syntax, so it may do more than read',1795374225464,1795979025464,1795374225481,'usr_kqje5eesjdta2ebv');
INSERT INTO approval VALUES('apr_evy6qmz3tbzs058e','turn_030t7sb6sq5y6j85','usr_kqje5eesjdta2ebv',1,'call_fake_8_0','denied','remove it','rm -r built','a6b48e307bbb443b98a9bbc51c00a38c6777c12a1118cf933eebe3cc07678d2b','ws_fp698vphx52y9j8p','rm may change things',1795374225575,1795979025575,1795374225585,'usr_kqje5eesjdta2ebv');
INSERT INTO approval VALUES('apr_30cyw6s5hvnzgfqf','turn_35dh7av63gfrb62e','usr_kqje5eesjdta2ebv',1,'call_fake_15_0','pending','ask first','touch asked.txt','9555b4c492854de8d2c8b911314a6ed6e51f09c0be29c05a8ad0ce2cd3dcb33d','ws_fp698vphx52y9j8p','touch may change things',1795374227557,1795979027557,NULL,NULL);
CREATE INDEX api_key_by_person on api_key (person_id);
CREATE INDEX session_by_person on session (person_id, last_turn_at);
CREATE INDEX turn_by_state on turn (state, ordinal);
CREATE INDEX turn_by_session on turn (session_id, ordinal);
CREATE INDEX turn_by_person on turn (person_id, ordinal);
CREATE INDEX approval_by_person on approval (person_id, state, created_at);
CREATE INDEX approval_by_turn on approval (turn_id);
CREATE INDEX approval_by_expiry on approval (expires_at) where state = 'pending';
COMMIT;
PRAGMA user_version=1;
