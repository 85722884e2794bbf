-- billing-observer keeps a database of its own, so that it can move to a server of its own.
create database trunkmesh_billing owner trunkmesh;
